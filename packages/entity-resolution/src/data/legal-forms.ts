/**
 * Legal forms of organisations, compiled for Kempt from public facts; Apache-2.0 like the rest. A line is `class: spellings`, spellings
 * separated by commas, as words after cleaning (no punctuation). Spellings of one line are one legal form.
 */
export const legalFormLines = `
inc: inc, incorporated, incorporation
corp: corp, corporation
co: co, company
llc: llc, l l c, limited liability company, limited liability co
lp: lp, l p, limited partnership
llp: llp, l l p, limited liability partnership
lllp: lllp
pllc: pllc, p l l c
pc: p c, professional corporation
ltd: ltd, limited, ltda, limitada, ltee
co ltd: co ltd, company limited, co limited
plc: plc, p l c, public limited company
cic: cic, community interest company
pty ltd: pty ltd, pty limited, pty, proprietary limited, pte ltd, pte, private limited, pvt ltd, pvt
gmbh: gmbh, g m b h, gesellschaft mit beschrankter haftung, ges m b h, gesmbh, mbh
gmbh co kg: gmbh co kg, gmbh and co kg, gmbh u co kg, gmbh und co kg
ag: ag, aktiengesellschaft
kg: kg, kommanditgesellschaft
ohg: ohg
gbr: gbr
ug: ug, ug haftungsbeschrankt
ev: e v, ev, eingetragener verein
se: se, societas europaea
sa: sa, s a, societe anonyme, sociedad anonima
sas: sas, s a s, sasu
sarl: sarl, s a r l, societe a responsabilite limitee
eurl: eurl
sci: sci
snc: snc, s n c
spa: spa, s p a, societa per azioni
srl: srl, s r l, s r l s, srls
sl: sl, s l, sociedad limitada, slu
sa de cv: sa de cv, s a de c v, s de rl de cv
bv: bv, b v, besloten vennootschap
nv: nv, n v, naamloze vennootschap
bvba: bvba, sprl
vof: vof
ab: ab, aktiebolag
as: as, a s, aksjeselskap, aktieselskab
aps: aps, anpartsselskab
oy: oy, oyj, osakeyhtio
asa: asa
hf: hf, ehf
spzoo: sp z o o, spolka z ograniczona odpowiedzialnoscia, spolka zoo
sro: s r o, sro, spol s r o
as cz: akciova spolecnost
kft: kft
zrt: zrt, nyrt
doo: d o o, doo
dd: d d
ad: ad
eood: eood, ood
ooo: ooo, o o o
zao: zao
oao: oao
pao: pao
kk: kk, kabushiki kaisha, kabushiki gaisha
gk: godo kaisha
sdn bhd: sdn bhd, bhd
pt: pt, p t
tbk: tbk
jsc: jsc, joint stock company
fze: fze, fzco, fzc
wll: wll, w l l
as tr: anonim sirketi, limited sirketi, ltd sti, a s ve ticaret
`;

/** Everyday abbreviations inside organisation names, `short: long`. */
export const organisationWordLines = `
intl: international
int: international
natl: national
assn: association
assoc: association
assocs: associates
bros: brothers
ctr: center
cntr: center
cent: center
centre: center
ctrs: centers
centres: centers
univ: university
dept: department
mfg: manufacturing
mfr: manufacturer
svc: service
svcs: services
serv: services
sys: systems
tech: technology
techs: technologies
technologies: technology
grp: group
hldgs: holdings
hldg: holding
inst: institute
instr: instruments
lab: laboratory
labs: laboratories
mgmt: management
mgt: management
mktg: marketing
org: organization
organisation: organization
prod: products
prods: products
ind: industries
inds: industries
eng: engineering
engr: engineering
constr: construction
dist: distribution
equip: equipment
elec: electric
fin: financial
fdn: foundation
found: foundation
govt: government
hosp: hospital
hq: headquarters
ins: insurance
invest: investments
med: medical
acad: academy
sch: school
elem: elementary
comm: community
cmty: community
soc: society
st: saint
ste: sainte
mt: mount
ft: fort
chem: chemical
pharm: pharmacy
pharma: pharmaceuticals
phila: philadelphia
learn: learning
lrng: learning
dev: development
devel: development
ed: education
educ: education
prog: program
programme: program
progs: programs
bldg: building
amer: american
rest: restaurant
deli: delicatessen
`;
