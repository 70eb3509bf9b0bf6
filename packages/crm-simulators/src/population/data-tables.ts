import { readFileSync } from 'node:fs';
import { createWeightedPicker, type Random } from '../random.ts';

const dataFolder = new URL('../../data/', import.meta.url);

export interface City {
  readonly country: string;
  readonly name: string;
  readonly region: string;
  readonly regionCode: string;
  /** `#` stands for a digit, `X` for a letter. */
  readonly postcodePattern: string;
  /** `#` stands for a digit, `N` for one of 2 to 9; national form with trunk prefix. */
  readonly landlinePattern: string;
  readonly weight: number;
}

export interface Country {
  readonly code: string;
  readonly name: string;
  readonly callingCode: string;
  readonly mobilePattern: string;
  readonly weight: number;
  readonly names: string;
  readonly streets: string;
  /** Other ways people write the country's name. */
  readonly spellings: readonly string[];
  readonly cities: readonly City[];
}

export interface NameTables {
  readonly maleNames: (random: Random) => string;
  readonly femaleNames: (random: Random) => string;
  readonly surnames: (random: Random) => string;
}

/** Weighted tables of names and places. */
export interface DataTables {
  readonly countries: readonly Country[];
  country(code: string): Country;
  pickCountry(random: Random): Country;
  pickCity(country: Country, random: Random): City;
  names(table: string): NameTables;
  streets(table: string): (random: Random) => string;
  /** Short forms of a given name; empty when it has none. */
  nicknames(name: string): readonly string[];
}

function readTable(path: string): string[][] {
  return readFileSync(new URL(path, dataFolder), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
}

function readPicker(path: string): (random: Random) => string {
  const rows = readTable(path);
  const pick = createWeightedPicker(rows, (row) => Number(row[1]));
  return (random) => pick(random)[0] as string;
}

function readCities(): readonly City[] {
  return readTable('places/cities.tsv').map((row) => {
    const [country, name, region, regionCode, postcodePattern, landlinePattern, weight] = row as [
      string,
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    return { country, name, region, regionCode, postcodePattern, landlinePattern, weight: Number(weight) };
  });
}

export function loadDataTables(): DataTables {
  const cities = Map.groupBy(readCities(), (city) => city.country);
  const countries: Country[] = readTable('places/countries.tsv').map((row) => {
    const [code, name, callingCode, mobilePattern, weight, names, streets, spellings] = row as [
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    return {
      code,
      name,
      callingCode,
      mobilePattern,
      weight: Number(weight),
      names,
      streets,
      spellings: spellings.split(';'),
      cities: cities.get(code) ?? [],
    };
  });
  const byCode = new Map(countries.map((country) => [country.code, country]));
  const pickCountry = createWeightedPicker(countries, (country) => country.weight);
  const cityPickers = new Map(
    countries.map((country) => [country.code, createWeightedPicker(country.cities, (city) => city.weight)]),
  );
  const nicknames = new Map(
    readTable('names/nicknames.tsv').map((row) => [row[0] as string, (row[1] as string).split(',')]),
  );
  const nameTables = new Map<string, NameTables>();
  const streetTables = new Map<string, (random: Random) => string>();
  return {
    countries,
    country(code) {
      const country = byCode.get(code);
      if (country === undefined) throw new RangeError(`There is no country ${code} in places/countries.tsv.`);
      return country;
    },
    pickCountry,
    pickCity: (country, random) => (cityPickers.get(country.code) as (random: Random) => City)(random),
    names(table) {
      let tables = nameTables.get(table);
      if (tables === undefined) {
        tables = {
          maleNames: readPicker(`names/${table}-male.tsv`),
          femaleNames: readPicker(`names/${table}-female.tsv`),
          surnames: readPicker(`names/${table}-surnames.tsv`),
        };
        nameTables.set(table, tables);
      }
      return tables;
    },
    streets(table) {
      let picker = streetTables.get(table);
      if (picker === undefined) {
        picker = readPicker(`places/${table}-streets.tsv`);
        streetTables.set(table, picker);
      }
      return picker;
    },
    nicknames: (name) => nicknames.get(name) ?? [],
  };
}
