/** Public mail providers, compiled for Kempt from public facts; Apache-2.0 like the rest. Such a domain says nothing about an employer. */
export const freeMailDomains: ReadonlySet<string> = new Set(
  `gmail.com googlemail.com yahoo.com ymail.com rocketmail.com yahoo.co.uk yahoo.fr yahoo.de yahoo.es yahoo.it yahoo.ca yahoo.com.au
yahoo.co.in yahoo.com.br yahoo.co.jp hotmail.com hotmail.co.uk hotmail.fr hotmail.de hotmail.it hotmail.es outlook.com outlook.de outlook.fr
live.com live.co.uk live.fr live.nl live.com.au msn.com passport.com aol.com aim.com icloud.com me.com mac.com protonmail.com proton.me pm.me
gmx.com gmx.de gmx.net gmx.at gmx.ch web.de t-online.de freenet.de arcor.de mail.com email.com zoho.com yandex.com yandex.ru mail.ru bk.ru
inbox.ru list.ru rambler.ru fastmail.com fastmail.fm hey.com tutanota.com tuta.io hushmail.com comcast.net verizon.net att.net sbcglobal.net
bellsouth.net cox.net charter.net earthlink.net juno.com optonline.net roadrunner.com rr.com frontier.com windstream.net netzero.net
btinternet.com btopenworld.com sky.com virginmedia.com ntlworld.com talktalk.net blueyonder.co.uk tiscali.co.uk orange.fr wanadoo.fr free.fr
sfr.fr laposte.net neuf.fr libero.it virgilio.it tin.it alice.it tiscali.it telefonica.net terra.com.br uol.com.br bol.com.br ig.com.br
bigpond.com bigpond.net.au optusnet.com.au iinet.net.au xtra.co.nz rogers.com sympatico.ca shaw.ca telus.net videotron.ca qq.com 163.com
126.com sina.com foxmail.com naver.com daum.net hanmail.net rediffmail.com ziggo.nl kpnmail.nl planet.nl telenet.be skynet.be bluewin.ch
aon.at chello.at telia.com bredband.net spray.se tele2.se home.nl hetnet.nl xs4all.nl online.no mail.dk eircom.net wp.pl o2.pl onet.pl interia.pl seznam.cz centrum.cz abv.bg mailinator.com guerrillamail.com 10minutemail.com yopmail.com example.com
example.org example.net`
    .split(/\s+/)
    .filter((domain) => domain !== ''),
);

/** Mailboxes that belong to a function, not to a person. */
export const roleMailboxes: ReadonlySet<string> = new Set(
  `info sales admin administrator support billing office hr noreply no-reply donotreply contact enquiries inquiries hello mail email webmaster
postmaster hostmaster abuse accounts accounting accountspayable ap ar finance invoices invoice orders order marketing press media news newsletter
jobs careers recruitment recruiting legal privacy security service services help helpdesk customerservice customercare care team reception
frontdesk general it tech technical operations ops purchasing procurement shop store reservations booking bookings events feedback subscribe
unsubscribe root test user kontakt vertrieb buchhaltung personal commercial direction secretariat ventas administracion compras contacto
informacion soporte`
    .split(/\s+/)
    .filter((name) => name !== ''),
);

/** Hosts on which many organisations have a page: the registrable domain says nothing about the owner. */
export const sharedHosts: ReadonlySet<string> = new Set(
  `linkedin.com facebook.com fb.com twitter.com x.com instagram.com youtube.com tiktok.com pinterest.com xing.com github.com medium.com
google.com goo.gl bit.ly wixsite.com wix.com weebly.com wordpress.com blogspot.com blogger.com tumblr.com squarespace.com godaddysites.com
business.site sites.google.com yelp.com tripadvisor.com amazon.com ebay.com etsy.com shopify.com myshopify.com webflow.io netlify.app
herokuapp.com github.io web.app jimdo.com jimdosite.com strikingly.com site123.me linktr.ee eventbrite.com meetup.com angelfire.com tripod.com
geocities.com example.com example.org`
    .split(/\s+/)
    .filter((host) => host !== ''),
);
