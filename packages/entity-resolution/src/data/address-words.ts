/**
 * Address words and their short forms, compiled for Kempt from postal usage in several countries; Apache-2.0 like the rest. A line is
 * `canonical: spellings`.
 */
export const streetWordLines = `
st: street str saint
rd: road
ave: avenue av aven avenida
blvd: boulevard blv bvd boul
dr: drive drv
ln: lane la
ct: court crt
pl: place
sq: square
ter: terrace terr tce
cir: circle crcl circ cct circuit
cres: crescent cr crs
pkwy: parkway pky pkway pwy
hwy: highway hway highwy
fwy: freeway
expy: expressway
trl: trail
way: wy
aly: alley
pt: point
plz: plaza
mt: mount
mtn: mountain
hts: heights
vlg: village
jct: junction
brg: bridge
ctr: center centre
cl: close
gr: grove gv
gdns: gardens gdn gardens
pde: parade
esp: esplanade
xing: crossing
strasse: strase str
platz: pl
allee: all
rue: r
n: north no
s: south so
e: east
w: west
ne: northeast
nw: northwest
se: southeast
sw: southwest
`;

/** Words after which a unit number follows. */
export const unitWords: readonly string[] = ['apt', 'apartment', 'unit', 'suite', 'ste', 'flat', 'room', 'rm', 'fl', 'floor', 'no', 'lot', 'bldg', 'building', 'dept'];

/** `code: name` of the states and territories that appear beside postal codes; one code names one region within its country. */
export const regionLines = `
al: alabama
ak: alaska
az: arizona
ar: arkansas
ca: california
co: colorado
ct: connecticut
de: delaware
dc: district of columbia
fl: florida
ga: georgia
hi: hawaii
id: idaho
il: illinois
in: indiana
ia: iowa
ks: kansas
ky: kentucky
la: louisiana
me: maine
md: maryland
ma: massachusetts
mi: michigan
mn: minnesota
ms: mississippi
mo: missouri
mt: montana
ne: nebraska
nv: nevada
nh: new hampshire
nj: new jersey
nm: new mexico
ny: new york
nc: north carolina
nd: north dakota
oh: ohio
ok: oklahoma
or: oregon
pa: pennsylvania
ri: rhode island
sc: south carolina
sd: south dakota
tn: tennessee
tx: texas
ut: utah
vt: vermont
va: virginia
wa: washington
wv: west virginia
wi: wisconsin
wy: wyoming
pr: puerto rico
ab: alberta
bc: british columbia
mb: manitoba
nb: new brunswick
nl: newfoundland and labrador
ns: nova scotia
on: ontario
pe: prince edward island
qc: quebec
sk: saskatchewan
nsw: new south wales
vic: victoria
qld: queensland
tas: tasmania
act: australian capital territory
nt: northern territory
`;

/** `code: names` of countries in everyday spellings. */
export const countryLines = `
us: united states, united states of america, usa, u s a, u s, america
gb: united kingdom, uk, u k, great britain, england, scotland, wales, northern ireland
ca: canada, can
au: australia, aus
nz: new zealand, nzl
ie: ireland, irl, republic of ireland
de: germany, deutschland, deu, ger
fr: france, fra
es: spain, espana, esp
it: italy, italia, ita
nl: netherlands, the netherlands, holland, nederland, nld
be: belgium, belgie, belgique, bel
lu: luxembourg
ch: switzerland, schweiz, suisse, che
at: austria, osterreich, aut
pt: portugal, prt
se: sweden, sverige, swe
no: norway, norge, nor
dk: denmark, danmark, dnk
fi: finland, suomi, fin
is: iceland
pl: poland, polska, pol
cz: czech republic, czechia, cesko
sk: slovakia
hu: hungary
ro: romania
bg: bulgaria
gr: greece
tr: turkey, turkiye
ru: russia, russian federation
ua: ukraine
jp: japan, jpn
cn: china, chn, prc
hk: hong kong
tw: taiwan
kr: south korea, korea, republic of korea
in: india, ind
sg: singapore, sgp
my: malaysia
th: thailand
vn: vietnam, viet nam
ph: philippines
id: indonesia
il: israel
ae: united arab emirates, uae
sa: saudi arabia
eg: egypt
za: south africa, zaf
ng: nigeria
ke: kenya
br: brazil, brasil, bra
mx: mexico, mex
ar: argentina, arg
cl: chile
co: colombia
pe: peru
`;
