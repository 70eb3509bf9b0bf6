/**
 * English and some European given names with their everyday short forms, compiled for Kempt from common knowledge; Apache-2.0 like the rest.
 * A line is `formal: short forms`; a short form may stand on several lines (alex: alexander, alexandra). Two names are related when they
 * share a line.
 */
export const nicknameLines = `
aaron: ron ronnie erin
abigail: abby abbie gail
abraham: abe bram
adelaide: addie della heidi
adeline: addie ada
adrian: ade
agnes: aggie nessie
albert: al bert bertie
alberta: bertie allie
alexander: alex al alec sandy sasha xander zander lex alejandro
alexandra: alex alexa sandra sandy lexi sasha ali allie
alexis: alex lexi
alfred: al alf alfie fred freddie
alfonso: al fonzie alphonso
alice: allie ali alicia
alison: allison ali allie
allan: alan allen al
amanda: mandy manda amy
amelia: amy millie mel emily
anastasia: ana stacy stacey tasha
andrea: andie andy drea
andrew: andy drew andre andreas
angela: angie angel
angelina: angie lina
ann: anne annie anna nan nancy
annabelle: anna belle annie
annette: anne annie netta
anthony: tony ant antonio anton toni
antonia: toni tonya
archibald: archie baldie
arlene: arly lena
arnold: arnie
arthur: art artie
ashley: ash
augustine: gus august augustus austin
barbara: barb barbie babs bobbie
bartholomew: bart bartley barty
beatrice: bea trixie beatrix
belinda: bel linda lindy
benedict: ben benny
benjamin: ben benny benji benjy jamie
bernadette: bernie detta
bernard: bernie barney
bertha: bert bertie
beverly: bev beverley
bradley: brad
bradford: brad ford
brandon: bran
brenda: brandy
brian: bryan bryant
bridget: bridie biddy brigid
brittany: britt brit
caleb: cal
calvin: cal vin
cameron: cam
camille: cammie millie
carl: karl carlos
caroline: carol carrie caro lynn carolyn carolina
carolyn: carol carrie lynn
cassandra: cass cassie sandra
catherine: cathy cath kate katie cat kathy kitty catharine katherine kathryn
katherine: kate katie kathy kat kay kit kitty kathryn catherine kath katharine
kathleen: kathy kath kate katie kay
kathryn: kathy kate katie kat
cecilia: cece celia cissy
charles: charlie chuck chas chaz charley carlos carl
charlotte: charlie lottie char lotte
chester: chet
christian: chris christy
christina: chris chrissy tina christy kristina christine
christine: chris chrissy tina christy kristine
christopher: chris kit topher kris christoph
clarence: clare
clifford: cliff
clifton: cliff
clinton: clint
constance: connie
cordelia: delia
cornelius: neil corny con
courtney: court
curtis: curt
cynthia: cindy cyndi
dale: dal
daniel: dan danny dani
danielle: dani
darlene: darla
david: dave davey davy
dean: deano
deborah: deb debbie debby debra
debra: deb debbie
delores: dee lola dolores
denise: dennie
dennis: denny den
derek: derrick
dolores: lola dee lolly
dominic: dom nick nicky dominick
donald: don donnie donny
donna: dona
dorothy: dot dottie dolly dory dorothea
douglas: doug
duncan: dunc
dwight: ike
edgar: ed eddie
edith: edie
edmund: ed eddie ted ned
edward: ed eddie ted teddy ned eduardo
edwin: ed eddie win
eleanor: ellie nell nora lenora ella elinor
elijah: eli lije
elizabeth: liz beth betty eliza lizzie betsy bess elsie libby lisa bette liza lisbeth elisabeth ellie
ellen: ellie nell helen
emanuel: manny emmanuel manuel
emily: em emmy millie emilia
emma: em emmy
eric: erik rick
erin: ern
ernest: ernie
esther: essie hester
eugene: gene
evelyn: eve evie lynn
ezekiel: zeke
ezra: ez
felicia: fel
ferdinand: ferdie fred
florence: flo flossie
frances: fran francie frankie fanny
francis: frank frankie fran francisco
franklin: frank
frederick: fred freddie freddy rick fritz frederic
gabriel: gabe gabby
gabrielle: gabby gabi
garrett: gary
genevieve: gen jenny eve viv
geoffrey: geoff jeff
george: georgie jorge
georgina: georgie gina
gerald: jerry gerry
geraldine: gerry jerry
gerard: gerry jerry
gertrude: gert gertie trudy
gilbert: gil bert
glenn: glen
gordon: gord
grace: gracie
gregory: greg gregg
gretchen: greta
guillermo: memo william
gwendolyn: gwen wendy
hannah: anna hana
harold: hal harry
harriet: hattie harry
harrison: harry
harvey: harv
heather: hettie
helen: nell nellie helena lena
henrietta: hattie etta henny
henry: hank harry hal harri enrique
herbert: herb bert
hermann: herman
howard: howie
hubert: hugh bert
hugh: hughie hugo
humphrey: humph
ian: iain
ignatius: iggy nacho
immanuel: manny
irene: rene
irving: irv
isaac: ike zac
isabella: bella izzy isabel isabelle belle
isabel: izzy bella
isaiah: zay
israel: izzy
jackson: jack
jacob: jake jay coby
jacqueline: jackie jacqui
james: jim jimmy jamie jem jaime
jane: janey jenny jan janie
janet: jan jenny
janice: jan
jason: jay jase
jean: jeanie jeannie
jeanette: jean jan netty
jeffrey: jeff geoff jeffery
jeffery: jeff
jennifer: jen jenny jenn
jeremiah: jerry jem
jeremy: jerry jem jez
jerome: jerry
jessica: jess jessie
jesse: jess
jill: jillian gillian
gillian: gill jill
joan: joanie jo
joanna: jo joanne anna
joanne: jo
jocelyn: joy lyn joss
john: jack johnny jon jonny ian juan johnnie sean
jonathan: jon nathan jonny john johnathan
johnathan: john jon
jordan: jordy jud
joseph: joe joey jo jos jose pepe
josephine: jo josie josey jody
joshua: josh
joyce: joy
juan: john
judith: judy jude
julia: julie jules
julian: jules
juliana: julie
june: junie
justin: jus
karen: kari
kelly: kel
kendall: ken
kenneth: ken kenny kent
kevin: kev
kimberly: kim kimberley kimmy
kristen: kris kristy kirsten
kristin: kris kristy
kristina: kris tina kristy
kyle: ky
lauren: laurie ren
laura: laurie lori
laurence: larry lawrence laurie
lawrence: larry laurie lars lorenzo
leah: lea
leonard: leo len lenny leon
leroy: lee roy
leslie: les lesley
lester: les
levi: lee
lewis: lew louis
lillian: lil lilly lily
linda: lindy lynn
lloyd: loy
lorraine: lori lorrie raine
louis: lou louie luis lewis
louise: lou louisa
lucas: luke
lucille: lucy lu
lucinda: lucy cindy
lucy: lou
luther: luke
lydia: liddy
lyndon: lyn
mackenzie: mac kenzie
madeline: maddie maddy maud madeleine
magdalena: maggie lena
malcolm: mal
manuel: manny
marcus: mark marc
margaret: maggie meg peggy marge margie peg greta rita madge daisy megan margarita
margarita: rita marge maggie
maria: mary marie mia
marian: mary
marianne: mary anne
marilyn: mary lynn
marion: mary
marjorie: marge margie
marsha: marcia
marshall: marsh
martha: marty mattie patty
martin: marty
marvin: marv
mary: molly polly mae mamie maria marie
mathilda: tilly mattie matilda
matthew: matt matty mathew
maureen: mo reenie
maurice: maury morris mo
maxine: max
maximilian: max
maxwell: max
megan: meg
melanie: mel
melinda: mel mindy lindy
melissa: mel missy lissa
melvin: mel
mercedes: mercy sadie
meredith: merry
michael: mike mick mickey micky mikey mitch miguel michel
michelle: shelly shell mickey chelle
mildred: millie
milton: milt
minerva: minnie
miranda: mandy randy
miriam: mimi mim
mitchell: mitch
mohammed: mohamed muhammad mohammad muhammed mohamad mohd mhd md mo
monica: mon
montgomery: monty
morris: mo maury
mortimer: mort
moses: mo
nadine: dee
nancy: nan nance
naomi: omi
natalie: nat nattie
natasha: tasha nat
nathan: nate nat
nathaniel: nate nathan nat than
neil: neal
nelson: nels
nicholas: nick nicky nico nicolas claus nik
nicole: nicky nikki cole
nora: norah
norbert: bert
norman: norm
octavia: tavia
oliver: ollie
olivia: liv livvy ollie
oscar: ozzy
oswald: ozzy
pamela: pam
patricia: pat patty tricia trish patti
patrick: pat paddy rick patty
paul: paulie pablo
paula: polly
pauline: paula
penelope: penny
percival: percy
peter: pete pedro
philip: phil pip phillip
phillip: phil pip
phyllis: phyl
priscilla: cilla prissy
rachel: rae rach shelly rachael
ralph: rafe
ramona: mona
randall: randy
randolph: randy dolph
raphael: rafe ralph rafael
raymond: ray
rebecca: becky becca beck reba
reginald: reg reggie
regina: gina reggie
reuben: rube
rhonda: ron ronnie
ricardo: rick richard
richard: rick dick rich richie ricky dickie ricardo
robert: bob rob bobby robbie bert robin roberto
roberta: bobbie robbie bert
roderick: rod rick
rodney: rod
roger: rog
roland: rollie roly
ronald: ron ronnie ronny
rosalind: rose roz
rosalie: rose rosie
rose: rosie
rosemary: rose rosie romy
roxanne: roxy
roy: leroy
rudolph: rudy dolph
russell: russ rusty
ruth: ruthie
salvatore: sal
samantha: sam sammy
samson: sam
samuel: sam sammy
sandra: sandy
sarah: sara sally sadie
saul: sol
sean: shawn shaun
sebastian: seb bas
selina: lena
serena: rena
seymour: sy
shannon: shan
sharon: shari sherry
sheila: shell
sheldon: shel
shelby: shel
sherman: sherm
shirley: shirl
sidney: sid syd sydney
simon: sim
solomon: sol sal
sophia: sophie
stanley: stan
stella: stel
stephanie: steph stephie stevie
stephen: steve steven stevie esteban
steven: steve stevie stephen
stewart: stew stu stuart
stuart: stu
susan: sue susie suzy suzie susanne
susanna: sue susie suzy anna
suzanne: sue suzy susie
sylvester: sly
sylvia: syl
tabitha: tabby
tamara: tammy tam
teresa: terry tess terri theresa tessa
theresa: terry tess tessa terri tracy
terence: terry terrance
thaddeus: thad tad
theodora: dora thea
theodore: ted teddy theo
thomas: tom tommy thom tomas
timothy: tim timmy
tobias: toby
tracy: trace tracey
tyler: ty
tyrone: ty
valentina: val tina
valerie: val
vanessa: nessa
vera: vee
vernon: vern
veronica: ronnie vera roni
victor: vic
victoria: vicky vicki tori vikki
vincent: vince vinny vin
viola: vi
violet: vi
virginia: ginny ginger
vivian: viv
wallace: wally
walter: walt wally
wanda: wendy
warren: ren
wayne: way
wendell: dell
wesley: wes
wilbur: will
wilfred: will fred wilf
wilhelmina: billie mina willa minnie
william: will bill billy willy liam willie guillermo
winfield: win
winifred: winnie freddie
winston: win
woodrow: woody
yolanda: yoli
yvonne: evonne
zachariah: zach zack zac
zachary: zach zack zac
hans: johannes johann
johannes: hannes jan john johan
friedrich: fritz fred
heinrich: heinz henry
wilhelm: willi william
giuseppe: peppe beppe joseph
giovanni: gianni john
francesco: franco cecco
francisco: paco pancho frank
jose: pepe joseph
ignacio: nacho
jesus: chuy
enrique: quique henry
guadalupe: lupe
ludwig: lutz louis
matthias: matt
jurgen: jorg
dmitri: dima dmitry
ekaterina: katya kate
mikhail: misha michael
nikolai: kolya nick
vladimir: vova vlad
ivan: vanya john
aleksandr: sasha alexander alex
yevgeny: zhenya eugene
`;
