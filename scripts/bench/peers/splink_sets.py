"""Splink 5 on the labelled sets of scripts/bench/entity-resolution.ts, each set up by hand.

Usage: splink_sets.py SET CLUSTERS.csv RECORDS.csv [RECORDS.csv ...]

A file is a source. Writes id,cluster_id at the first threshold, says "done" on a line, and then writes CLUSTERS.csv.<threshold> for the
others, which are not timed. Where Splink's documentation treats a set or a like one (its tutorial for fake_1000, its examples for febrl 3
and 4), comparisons, blocking rules and training follow it, with more blocking rules where the set is small enough for them. Otherwise the
set is cleaned and described as the documentation advises for such columns: values in one form, term frequencies for names and places,
u from random pairs, m from several passes of expectation maximisation over different columns, the prior from deterministic rules. Two
lists that have nobody twice are linked by its one-to-one clustering.
"""

import sys

import duckdb
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

thresholds = [0.99, 0.5, 0.8, 0.9, 0.95, 0.999]


def words(column: str) -> str:
    """SQL: the words of a text in lower case, without accents and punctuation."""
    plain = f"regexp_replace(lower(strip_accents({column})), '[^a-z0-9 ]', ' ', 'g')"
    return f"nullif(trim(regexp_replace({plain}, ' +', ' ', 'g')), '')"


def digits(column: str) -> str:
    return f"nullif(regexp_replace(coalesce({column}, ''), '[^0-9]', '', 'g'), '')"


def swapped(first: str, second: str, *others: str) -> str:
    equal = "".join(f" and l.{name} = r.{name}" for name in others)
    return f"l.{first} = r.{second} and l.{second} = r.{first}{equal}"


def fake() -> dict:
    return {
        "columns": {name: f"nullif(trim({name}), '')" for name in ["first_name", "surname", "dob", "city", "email"]},
        "comparisons": [
            cl.ForenameSurnameComparison("first_name", "surname"),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.ExactMatch("city").configure(term_frequency_adjustments=True),
            cl.EmailComparison("email"),
        ],
        "blocking": [block_on("first_name"), block_on("surname"), block_on("dob"), block_on("email")],
        "certain": [
            "l.first_name = r.first_name and levenshtein(r.dob, l.dob) <= 1",
            "l.surname = r.surname and levenshtein(r.dob, l.dob) <= 1",
            "l.first_name = r.first_name and levenshtein(r.surname, l.surname) <= 2",
            "l.email = r.email",
        ],
        "recall": 0.7,
        "training": [block_on("dob"), block_on("email"), block_on("first_name", "surname")],
    }


def febrl(**further: object) -> dict:
    names = ["given_name", "surname", "street_number", "address_1", "suburb", "postcode", "state", "date_of_birth", "soc_sec_id"]
    return {
        "columns": {name: f"nullif(trim({name}), '')" for name in names},
        "comparisons": [
            cl.NameComparison("given_name").configure(term_frequency_adjustments=True),
            cl.NameComparison("surname").configure(term_frequency_adjustments=True),
            cl.DateOfBirthComparison(
                "date_of_birth", input_is_string=True, datetime_format="%Y%m%d", invalid_dates_as_null=True
            ),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]).configure(term_frequency_adjustments=True),
        ],
        "blocking": [
            block_on("soc_sec_id"),
            block_on("given_name"),
            block_on("surname"),
            swapped("given_name", "surname"),
            block_on("date_of_birth"),
            block_on("postcode"),
            block_on("state", "address_1"),
            block_on("street_number", "address_1"),
        ],
        "certain": [
            block_on("soc_sec_id"),
            block_on("given_name", "surname", "date_of_birth"),
            swapped("given_name", "surname", "date_of_birth"),
        ],
        "recall": 0.9,
        "training": [block_on("date_of_birth"), block_on("postcode")],
        **further,
    }


def organisations() -> dict:
    return {
        "columns": {
            "name": words('"Site name"'),
            "address": words("Address"),
            "house": "nullif(regexp_extract(trim(Address), '^[0-9]+'), '')",
            "zip": "nullif(left(trim(Zip), 5), '')",
            "phone": f"right({digits('Phone')}, 7)",
            "agency": words("Agency"),
            "program": words('"Program Name"'),
        },
        "comparisons": [
            cl.CustomComparison(
                output_column_name="name",
                comparison_levels=[
                    cll.NullLevel("name"),
                    cll.ExactMatchLevel("name", term_frequency_adjustments=True),
                    cll.JaroWinklerLevel("name", 0.95),
                    cll.JaccardLevel("name", 0.9),
                    cll.JaroWinklerLevel("name", 0.85),
                    cll.JaroWinklerLevel("name", 0.7),
                    cll.ElseLevel(),
                ],
            ),
            cl.CustomComparison(
                output_column_name="address",
                comparison_levels=[
                    cll.NullLevel("address"),
                    cll.ExactMatchLevel("address", term_frequency_adjustments=True),
                    cll.And(cll.ExactMatchLevel("house"), cll.JaroWinklerLevel("address", 0.85)),
                    cll.JaroWinklerLevel("address", 0.95),
                    cll.ExactMatchLevel("house"),
                    cll.ElseLevel(),
                ],
            ),
            cl.ExactMatch("zip").configure(term_frequency_adjustments=True),
            cl.LevenshteinAtThresholds("phone", [1]).configure(term_frequency_adjustments=True),
        ],
        "blocking": [
            block_on("phone"),
            block_on("address"),
            block_on("name"),
            block_on("house", "zip"),
            block_on("house", "substr(name, 1, 4)"),
            block_on("zip", "substr(name, 1, 6)"),
        ],
        "certain": [block_on("phone", "address"), block_on("name", "address"), block_on("name", "phone")],
        "recall": 0.7,
        "training": [block_on("phone"), block_on("address"), block_on("name")],
    }


def restaurants() -> dict:
    street = (
        "regexp_replace({0}, '\\b(street|str|st|boulevard|blvd|blv|avenue|ave|av|road|rd|drive|dr|place|pl|highway|hwy|square|sq|"
        "suite|ste|at|near|between|off|north|south|east|west|n|s|e|w)\\b', '', 'g')"
    )
    return {
        "columns": {
            "name": f"regexp_replace({words('name')}, '\\b(the|restaurant|cafe|and|of)\\b', '', 'g')",
            "address": f"nullif(trim(regexp_replace({street.format(words('addr'))}, ' +', ' ', 'g')), '')",
            "house": f"nullif(regexp_extract({words('addr')}, '^[0-9]+'), '')",
            "city": words("city"),
            "phone": digits("phone"),
            "type": words("type"),
        },
        "comparisons": [
            cl.CustomComparison(
                output_column_name="name",
                comparison_levels=[
                    cll.NullLevel("name"),
                    cll.ExactMatchLevel("name"),
                    cll.JaroWinklerLevel("name", 0.92),
                    cll.JaccardLevel("name", 0.8),
                    cll.JaroWinklerLevel("name", 0.8),
                    cll.ElseLevel(),
                ],
            ),
            cl.CustomComparison(
                output_column_name="address",
                comparison_levels=[
                    cll.NullLevel("address"),
                    cll.ExactMatchLevel("address"),
                    cll.And(cll.ExactMatchLevel("house"), cll.JaroWinklerLevel("address", 0.8)),
                    cll.JaroWinklerLevel("address", 0.9),
                    cll.ElseLevel(),
                ],
            ),
            cl.JaroWinklerAtThresholds("city", [0.9]).configure(term_frequency_adjustments=True),
            cl.ExactMatch("phone"),
            cl.ExactMatch("type").configure(term_frequency_adjustments=True),
        ],
        "blocking": [
            block_on("phone"),
            block_on("name"),
            block_on("address"),
            block_on("house"),
            block_on("city", "substr(name, 1, 3)"),
        ],
        "certain": [block_on("phone"), block_on("name", "city")],
        "recall": 0.9,
        "training": [block_on("phone"), block_on("name")],
        "one_to_one": True,
    }


def mixed() -> dict:
    """Persons and organisations of three sources. Jr and Sr stay in the name, which is what tells them apart."""
    parts = "concat_ws(' ', PRIMARY_NAME_FIRST, PRIMARY_NAME_MIDDLE, PRIMARY_NAME_LAST)"
    full = f"coalesce(nullif(PRIMARY_NAME_FULL, ''), nullif(PRIMARY_NAME_ORG, ''), nullif({parts}, ''))"
    address = "coalesce(nullif(ADDR_FULL, ''), concat_ws(' ', ADDR_LINE1, ADDR_CITY, ADDR_STATE, ADDR_POSTAL_CODE))"
    date = (
        "coalesce(strftime(try_strptime(DATE_OF_BIRTH, '%m/%d/%Y'), '%Y-%m-%d'), "
        "strftime(try_strptime(DATE_OF_BIRTH, '%m/%d/%y'), '%Y-%m-%d'), nullif(DATE_OF_BIRTH, ''))"
    )
    return {
        "columns": {
            "kind": "coalesce(nullif(RECORD_TYPE, ''), 'PERSON')",
            "name": words(full),
            "first": words("coalesce(nullif(PRIMARY_NAME_FIRST, ''), split_part(PRIMARY_NAME_FULL, ' ', 1))"),
            "last": words("coalesce(nullif(PRIMARY_NAME_LAST, ''), nullif(split_part(PRIMARY_NAME_FULL, ' ', -1), ''), PRIMARY_NAME_ORG)"),
            "birth": date,
            "email": "nullif(lower(trim(EMAIL_ADDRESS)), '')",
            "phone": digits("PHONE_NUMBER"),
            "house": f"nullif(regexp_extract({address}, '^[0-9]+'), '')",
            "address": words(address),
            "postal": "nullif(trim(ADDR_POSTAL_CODE), '')",
            "identifier": "nullif(list_distinct(list_filter([SSN_NUMBER, DRIVERS_LICENSE_NUMBER, PASSPORT_NUMBER, NATIONAL_ID_NUMBER],"
            " lambda x: x is not null and x <> '')), [])",
        },
        "comparisons": [
            cl.JaroWinklerAtThresholds("name", [0.92, 0.8]),
            cl.LevenshteinAtThresholds("birth", [1]),
            cl.ExactMatch("email"),
            cl.ExactMatch("phone"),
            cl.CustomComparison(
                output_column_name="address",
                comparison_levels=[
                    cll.NullLevel("address"),
                    cll.And(cll.ExactMatchLevel("house"), cll.JaroWinklerLevel("address", 0.8)),
                    cll.ElseLevel(),
                ],
            ),
            cl.ArrayIntersectAtSizes("identifier", [1]),
        ],
        "blocking": [
            block_on("kind", "last"),
            block_on("kind", "first"),
            block_on("kind", "birth"),
            block_on("kind", "email"),
            block_on("kind", "phone"),
            block_on("kind", "house"),
        ],
        "certain": [block_on("name", "birth"), block_on("email", "last"), block_on("phone", "last")],
        "recall": 0.6,
        "training": [block_on("last"), block_on("birth")],
    }


def contacts() -> dict:
    return {
        "columns": {
            "first_name": words("first_name"),
            "last_name": words("last_name"),
            "email": "nullif(lower(trim(email)), '')",
            "phone": f"right({digits('phone')}, 10)",
            "address": words("address"),
            "city": words("city"),
            "zip": "nullif(trim(zip), '')",
            "company": words("company"),
        },
        "comparisons": [
            cl.NameComparison("first_name"),
            cl.NameComparison("last_name"),
            cl.ExactMatch("email"),
            cl.ExactMatch("phone"),
            cl.JaroWinklerAtThresholds("address", [0.9]),
            cl.ExactMatch("zip"),
            cl.ExactMatch("company"),
        ],
        "blocking": [
            block_on("email"),
            block_on("phone"),
            block_on("last_name"),
            block_on("address"),
            block_on("first_name", "zip"),
            block_on("first_name", "company"),
        ],
        "certain": [block_on("email"), block_on("phone"), block_on("first_name", "last_name", "zip")],
        "recall": 0.8,
        "training": [block_on("first_name", "last_name"), block_on("zip")],
    }


def short_persons() -> dict:
    names = ["fname_c1", "fname_c2", "lname_c1", "lname_c2"]
    return {
        "columns": {
            **{name: f"nullif(trim({name}), '')" for name in names},
            "birth": """concat_ws('-', lpad("by", 4, '0'), lpad(bm, 2, '0'), lpad(bd, 2, '0'))""",
            "birth_year": '"by"',
            "birth_day": "concat_ws('-', bm, bd)",
        },
        "comparisons": [
            cl.NameComparison("fname_c1").configure(term_frequency_adjustments=True),
            cl.NameComparison("lname_c1").configure(term_frequency_adjustments=True),
            cl.ExactMatch("fname_c2"),
            cl.DateOfBirthComparison("birth", input_is_string=True, invalid_dates_as_null=False),
        ],
        "blocking": [
            block_on("birth"),
            block_on("fname_c1", "lname_c1"),
            block_on("lname_c1", "birth_year"),
            block_on("lname_c1", "birth_day"),
            block_on("fname_c1", "birth_year"),
            block_on("fname_c1", "birth_day"),
        ],
        "certain": [block_on("fname_c1", "birth"), block_on("lname_c1", "birth"), block_on("fname_c1", "lname_c1", "birth_year")],
        "recall": 0.8,
        "training": [block_on("birth"), block_on("fname_c1", "lname_c1")],
    }


setups = {
    "fake_1000": fake,
    "fake_1000 older": fake,
    "csv_example": organisations,
    "fodors_zagats": restaurants,
    "senzing_truthset": mixed,
    "dqbench_tier1": contacts,
    "dqbench_tier2": contacts,
    "dqbench_tier3": contacts,
    "rldata10000": short_persons,
    "febrl1": febrl,
    "febrl2": febrl,
    "febrl3": febrl,
    "febrl4": lambda: febrl(one_to_one=True),
}

wanted, clusters, *records = sys.argv[1:]
if wanted not in setups:
    sys.exit(f"no configuration of Splink is committed for {wanted}")
setup = setups[wanted]()
connection = duckdb.connect()
connection.execute(
    f"create table everything as select * from read_csv({records}, header = true, all_varchar = true, union_by_name = true, filename = 'file')"
)
selected = ", ".join(f"{expression} as {column}" for column, expression in setup["columns"].items())
tables = [f"source_{at}" for at in range(len(records))]
for table, path in zip(tables, records):
    connection.execute(f"create table {table} as select id as unique_id, {selected} from everything where file = '{path}'")
one_to_one = setup.get("one_to_one", False)
settings = SettingsCreator(
    link_type="dedupe_only" if len(tables) == 1 else "link_only" if one_to_one else "link_and_dedupe",
    comparisons=setup["comparisons"],
    blocking_rules_to_generate_predictions=setup["blocking"],
    retain_matching_columns=False,
)
api = DuckDBAPI(connection=connection)
names = [f"list_{at}" for at in range(len(tables))]
sources = [api.register(connection.table(table), dataset_display_name=name) for table, name in zip(tables, names)]
linker = Linker(sources[0] if len(sources) == 1 else sources, settings)
linker.training.estimate_probability_two_random_records_match(setup["certain"], recall=setup["recall"])
linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
for rule in setup["training"]:
    linker.training.estimate_parameters_using_expectation_maximisation(rule)
predictions = linker.inference.predict(threshold_match_probability=min(thresholds))


def write(threshold: float, path: str) -> None:
    if one_to_one and len(tables) > 1:
        found = linker.clustering.cluster_using_single_best_links(
            predictions, duplicate_free_datasets=names, threshold_match_probability=threshold
        )
    else:
        found = linker.clustering.cluster_pairwise_predictions_at_threshold(predictions, threshold)
    connection.execute(f"copy (select unique_id as id, cluster_id from {found.physical_name}) to '{path}' (header, delimiter ',')")


write(thresholds[0], clusters)
print("done", flush=True)
for threshold in thresholds[1:]:
    write(threshold, f"{clusters}.{threshold}")
