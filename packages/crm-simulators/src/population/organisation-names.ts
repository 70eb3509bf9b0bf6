import type { Random } from '../random.ts';

/** A line of business: what firms in it are called, and how each CRM files them. */
export interface Industry {
  readonly words: readonly string[];
  readonly salesforce: string;
  readonly hubspot: string;
}

export const industries: readonly Industry[] = [
  {
    words: ['Software', 'Systems', 'Technologies', 'Data', 'Digital', 'Cloud', 'Labs'],
    salesforce: 'Technology',
    hubspot: 'COMPUTER_SOFTWARE',
  },
  {
    words: ['Solutions', 'IT Services', 'Networks', 'Computing'],
    salesforce: 'Technology',
    hubspot: 'INFORMATION_TECHNOLOGY_AND_SERVICES',
  },
  {
    words: ['Manufacturing', 'Works', 'Industries', 'Metalworks', 'Tool & Die'],
    salesforce: 'Manufacturing',
    hubspot: 'MACHINERY',
  },
  {
    words: ['Logistics', 'Freight', 'Shipping', 'Transport', 'Haulage'],
    salesforce: 'Transportation',
    hubspot: 'LOGISTICS_AND_SUPPLY_CHAIN',
  },
  {
    words: ['Construction', 'Builders', 'Contracting', 'Developments'],
    salesforce: 'Construction',
    hubspot: 'CONSTRUCTION',
  },
  {
    words: ['Consulting', 'Advisory', 'Partners', 'Associates'],
    salesforce: 'Consulting',
    hubspot: 'MANAGEMENT_CONSULTING',
  },
  {
    words: ['Capital', 'Financial', 'Investments', 'Wealth Management'],
    salesforce: 'Finance',
    hubspot: 'FINANCIAL_SERVICES',
  },
  { words: ['Insurance', 'Underwriting', 'Assurance'], salesforce: 'Insurance', hubspot: 'INSURANCE' },
  {
    words: ['Medical', 'Health', 'Clinic', 'Care', 'Dental'],
    salesforce: 'Healthcare',
    hubspot: 'HOSPITAL_HEALTH_CARE',
  },
  {
    words: ['Pharma', 'Biosciences', 'Therapeutics', 'Diagnostics'],
    salesforce: 'Biotechnology',
    hubspot: 'BIOTECHNOLOGY',
  },
  {
    words: ['Foods', 'Bakery', 'Beverages', 'Farms', 'Provisions'],
    salesforce: 'Food & Beverage',
    hubspot: 'FOOD_BEVERAGES',
  },
  { words: ['Retail', 'Outfitters', 'Stores', 'Trading', 'Supply'], salesforce: 'Retail', hubspot: 'RETAIL' },
  { words: ['Energy', 'Power', 'Solar', 'Renewables'], salesforce: 'Energy', hubspot: 'UTILITIES' },
  {
    words: ['Electronics', 'Semiconductors', 'Instruments', 'Controls'],
    salesforce: 'Electronics',
    hubspot: 'ELECTRICAL_ELECTRONIC_MANUFACTURING',
  },
  { words: ['Engineering', 'Design', 'Surveyors'], salesforce: 'Engineering', hubspot: 'CIVIL_ENGINEERING' },
  { words: ['Media', 'Studios', 'Publishing', 'Pictures'], salesforce: 'Media', hubspot: 'ENTERTAINMENT' },
  { words: ['Hotels', 'Hospitality', 'Catering', 'Resorts'], salesforce: 'Hospitality', hubspot: 'RESTAURANTS' },
  { words: ['Academy', 'Training', 'Learning', 'School'], salesforce: 'Education', hubspot: 'EDUCATION_MANAGEMENT' },
  { words: ['Chemicals', 'Coatings', 'Plastics', 'Polymers'], salesforce: 'Chemicals', hubspot: 'CHEMICALS' },
  { words: ['Telecom', 'Communications', 'Wireless'], salesforce: 'Telecommunications', hubspot: 'TELECOMMUNICATIONS' },
  { words: ['Law', 'Legal', 'Solicitors'], salesforce: 'Consulting', hubspot: 'LAW_PRACTICE' },
  { words: ['Properties', 'Realty', 'Estates'], salesforce: 'Other', hubspot: 'REAL_ESTATE' },
  {
    words: ['Foundation', 'Trust', 'Alliance'],
    salesforce: 'Not For Profit',
    hubspot: 'NON_PROFIT_ORGANIZATION_MANAGEMENT',
  },
  { words: ['Automotive', 'Motors', 'Auto Parts'], salesforce: 'Manufacturing', hubspot: 'AUTOMOTIVE' },
];

const adjectives = [
  'Blue',
  'Green',
  'Silver',
  'Golden',
  'Red',
  'North',
  'South',
  'Western',
  'Eastern',
  'Bright',
  'Clear',
  'Prime',
  'United',
  'First',
  'Central',
  'Global',
  'Pacific',
  'Atlantic',
  'Royal',
  'Grand',
  'Modern',
  'Swift',
  'True',
  'Noble',
  'Iron',
  'Crystal',
  'Summit',
  'Harbor',
  'Coastal',
  'Alpine',
  'Urban',
  'Evergreen',
  'Northern',
  'Liberty',
  'Heritage',
  'Premier',
  'Allied',
  'Apex',
];
const nouns = [
  'River',
  'Oak',
  'Stone',
  'Bridge',
  'Peak',
  'Field',
  'Harbor',
  'Falcon',
  'Eagle',
  'Lion',
  'Star',
  'Sky',
  'Wave',
  'Path',
  'Point',
  'Gate',
  'Crest',
  'Valley',
  'Forest',
  'Meadow',
  'Anchor',
  'Compass',
  'Beacon',
  'Summit',
  'Ridge',
  'Spring',
  'Brook',
  'Lake',
  'Shore',
  'Cedar',
  'Maple',
  'Pine',
  'Fox',
  'Hawk',
  'Bear',
  'Wolf',
  'Arrow',
  'Shield',
  'Crown',
  'Tower',
  'Mill',
  'Orchard',
];
const onsets = [
  'Ver',
  'Quan',
  'Nov',
  'Lum',
  'Cor',
  'Xen',
  'Vel',
  'Sol',
  'Tal',
  'Zen',
  'Mer',
  'Alt',
  'Dyn',
  'Ker',
  'Bri',
  'Fen',
  'Hal',
  'Ost',
  'Pra',
  'Ryn',
  'Syn',
  'Tor',
  'Ul',
  'Vin',
  'Wex',
  'Yar',
  'Aven',
  'Bel',
  'Cal',
  'Den',
  'Elor',
  'Gal',
  'Ist',
  'Jov',
  'Kal',
  'Lor',
  'Mon',
  'Nar',
];
const middles = ['a', 'e', 'i', 'o', 'an', 'er', 'in', 'or', 'ex', 'il', 'ar', 'en'];
const endings = [
  'tra',
  'lix',
  'dia',
  'mos',
  'via',
  'nta',
  'ris',
  'tek',
  'core',
  'gen',
  'zon',
  'bra',
  'lia',
  'dex',
  'nova',
  'plex',
  'sys',
  'tis',
  'wave',
  'ra',
];

const legalForms: Readonly<Record<string, readonly string[]>> = {
  US: ['Inc.', 'Inc.', 'LLC', 'LLC', 'Corp.', 'Co.', ''],
  CA: ['Inc.', 'Ltd.', 'Corp.', ''],
  GB: ['Ltd', 'Ltd', 'Limited', 'PLC', 'LLP', ''],
  AU: ['Pty Ltd', 'Pty Ltd', 'Ltd', ''],
  DE: ['GmbH', 'GmbH', 'GmbH & Co. KG', 'AG', 'KG', 'e.K.', ''],
  AT: ['GmbH', 'AG', ''],
  FR: ['SARL', 'SAS', 'SA', ''],
  NL: ['B.V.', 'B.V.', 'N.V.', ''],
  ES: ['S.L.', 'S.A.', ''],
  IT: ['S.r.l.', 'S.p.A.', 'S.n.c.', ''],
  PL: ['sp. z o.o.', 'S.A.', ''],
  SE: ['AB', 'AB', ''],
  JP: ['株式会社', 'K.K.', ''],
};

export const topLevelDomains: Readonly<Record<string, readonly string[]>> = {
  US: ['com', 'com', 'com', 'com', 'net', 'io', 'us'],
  CA: ['ca', 'com', 'ca'],
  GB: ['co.uk', 'co.uk', 'com', 'org.uk'],
  AU: ['com.au', 'com.au', 'com'],
  DE: ['de', 'de', 'com'],
  AT: ['at', 'com'],
  FR: ['fr', 'fr', 'com'],
  NL: ['nl', 'nl', 'com'],
  ES: ['es', 'com'],
  IT: ['it', 'it', 'com'],
  PL: ['pl', 'com.pl'],
  SE: ['se', 'com'],
  JP: ['co.jp', 'jp'],
};

/** The part of a name that stays when the legal form is taken away. */
export function createCoreName(random: Random, industry: Industry, surname: () => string, city: string): string {
  const word = random.pick(industry.words);
  switch (random.integer(0, 9)) {
    case 0:
      return `${surname()} ${word}`;
    case 1:
      return `${surname()} & ${surname()}`;
    case 2:
      return `${surname()} & Sons ${word}`;
    case 3:
      return `${surname()} ${random.pick(['Group', 'Holdings', 'International', 'Enterprises', 'Bros.'])}`;
    case 4:
      return `${city} ${word}`;
    case 5:
      return `${random.pick(adjectives)} ${random.pick(nouns)} ${word}`;
    case 6:
      return `${random.pick(adjectives)}${random.pick(nouns).toLowerCase()} ${word}`;
    case 7:
      return `${random.pick(onsets)}${random.pick(middles)}${random.pick(endings)}`;
    case 8:
      return `${random.pick(onsets)}${random.pick(endings)} ${word}`;
    default: {
      const initials = Array.from({ length: 3 }, () => String.fromCharCode(65 + random.integer(0, 25))).join('');
      return `${initials} ${word}`;
    }
  }
}

export const pickLegalForm = (random: Random, country: string): string => random.pick(legalForms[country] ?? ['']);

const spelledOut: Readonly<Record<string, readonly string[]>> = {
  'Inc.': ['Inc', 'Incorporated', 'INC.', ''],
  LLC: ['L.L.C.', 'llc', ''],
  'Corp.': ['Corporation', 'Corp', ''],
  'Co.': ['Company', 'Co', ''],
  'Ltd.': ['Ltd', 'Limited', ''],
  Ltd: ['Ltd.', 'Limited', 'LTD', ''],
  Limited: ['Ltd', 'Ltd.', ''],
  PLC: ['plc', 'Public Limited Company', ''],
  'Pty Ltd': ['Pty. Ltd.', 'Proprietary Limited', 'P/L', ''],
  GmbH: ['G.m.b.H.', 'Gmbh', 'GMBH', ''],
  'GmbH & Co. KG': ['GmbH & Co KG', 'GmbH und Co. KG', ''],
  AG: ['Aktiengesellschaft', 'A.G.', ''],
  SARL: ['S.A.R.L.', 'Sarl', ''],
  SAS: ['S.A.S.', ''],
  SA: ['S.A.', ''],
  'B.V.': ['BV', 'B.V', ''],
  'S.L.': ['SL', 'S.L', ''],
  'S.A.': ['SA', ''],
  'S.r.l.': ['SRL', 'Srl', ''],
  'S.p.A.': ['SpA', 'SPA', ''],
  'sp. z o.o.': ['Sp. z o. o.', 'Sp zoo', ''],
};

export const respellLegalForm = (form: string, random: Random): string => random.pick(spelledOut[form] ?? [form, '']);

const shortened: readonly (readonly [RegExp, string])[] = [
  [/\bInternational\b/, "Int'l"],
  [/\bManufacturing\b/, 'Mfg'],
  [/\bTechnologies\b/, 'Tech'],
  [/\bAssociates\b/, 'Assoc.'],
  [/\bEngineering\b/, 'Eng.'],
  [/\bIndustries\b/, 'Ind.'],
  [/\bServices\b/, 'Svcs'],
  [/\bCommunications\b/, 'Comms'],
  [/\bConstruction\b/, 'Constr.'],
  [/\bFinancial\b/, 'Fin.'],
  [/\bInstruments\b/, 'Instr.'],
  [/\bBros\.$/, 'Brothers'],
  [/ & /, ' and '],
  [/ & /, ' + '],
];

/** The same core name, shortened or joined differently; unchanged when nothing fits. */
export function shortenCoreName(core: string, random: Random): string {
  const fitting = shortened.filter(([pattern]) => pattern.test(core));
  if (fitting.length === 0) return core;
  const [pattern, replacement] = random.pick(fitting);
  return core.replace(pattern, replacement);
}

export const franchiseBrands: readonly string[] = [
  'Burrito Barn',
  'Fresh Fold Laundry',
  'Pedal Works',
  'Happy Paws Grooming',
  'QuickPrint Express',
  'The Bean Cellar',
  'Tiny Steps Nursery',
  'Crusty Corner Bakery',
  'Kwik Lube Stop',
  'Sunrise Yoga',
  'Brightside Opticians',
  'Paint & Pour',
  'Golden Wok Kitchen',
  'Stretch Fitness',
  'Mailroom Plus',
  'Clean Sweep Maids',
  'Little Chefs Academy',
  'Tyre Depot',
  'Harvest Salads',
  'Smile Dental Studio',
  'Lock & Key Storage',
  'Bubble Tea House',
  'Second Chapter Books',
  'Mobile Medic Phones',
  'Evergreen Lawn Care',
];
