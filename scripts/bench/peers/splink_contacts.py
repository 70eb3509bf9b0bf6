"""Splink 5 on the contacts of scripts/bench/entity-resolution-records.ts, set up by hand as its documentation advises.

Usage: splink_contacts.py RECORDS.csv CLUSTERS.csv [--thresholds 0.99,0.95,0.999]

Writes id,cluster_id at the first threshold, says "done" on a line, and then writes CLUSTERS.csv.<threshold> for the others, which are not
timed. Values are cleaned beforehand (case, accents, spaces, punctuation, digits of phones, legal forms of companies), names carry
term-frequency adjustments, u comes from random pairs, m from three passes of expectation maximisation over different columns, the prior
from deterministic rules. What the documentation has a value for is left at that value.
"""

import sys

import duckdb
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

records, clusters = sys.argv[1:3]
thresholds = [0.99, 0.95, 0.999]
if "--thresholds" in sys.argv:
    thresholds = [float(text) for text in sys.argv[sys.argv.index("--thresholds") + 1].split(",")]

connection = duckdb.connect()
connection.execute(
    f"""
    create table contacts as
    with cleaned as (
      select
        id as unique_id,
        nullif(trim(regexp_replace(lower(strip_accents(first_name)), '[^a-z ]', '', 'g')), '') as first_name,
        nullif(trim(regexp_replace(regexp_replace(lower(strip_accents(last_name)), '[^a-z -]', '', 'g'),
          '( jr| sr| junior| senior)$', '')), '') as last_name,
        nullif(lower(trim(email)), '') as email,
        regexp_replace(coalesce(phone, ''), '[^0-9]', '', 'g') as phone_digits,
        regexp_replace(coalesce(mobile, ''), '[^0-9]', '', 'g') as mobile_digits,
        nullif(trim(regexp_replace(lower(strip_accents(street)), '[^a-z0-9 ]', '', 'g')), '') as street,
        nullif(trim(lower(strip_accents(city))), '') as city,
        nullif(upper(replace(postal_code, ' ', '')), '') as postal_code,
        nullif(trim(regexp_replace(regexp_replace(lower(strip_accents(company)), '[^a-z0-9 &]', '', 'g'),
          '( inc| llc| ltd| limited| corp| corporation| gmbh| ag| sa| sas| sarl| bv| spa| srl| plc| co| company| ab| pty)+$', '')), '')
          as company,
        nullif(birth_date, '') as birth_date
      from read_csv('{records}', header = true, all_varchar = true)
    )
    select
      * exclude (phone_digits, mobile_digits),
      list_distinct(list_filter([right(phone_digits, 9), right(mobile_digits, 9)], lambda x: length(x) >= 7)) as phones,
      email is not null and split_part(email, '@', 1) in ('info', 'office', 'sales', 'contact', 'accounts', 'admin') as is_role
    from cleaned
    """
)
# Numbers and dates that many records have are placeholders and switchboards, which would join strangers.
connection.execute(
    """
    create table usable_phones as
    with each_phone as (select unique_id, unnest(phones) as phone from contacts),
    common as (select phone from each_phone group by phone having count(*) > 10)
    select unique_id, list(phone) as phones from each_phone anti join common using (phone) group by unique_id
    """
)
connection.execute("alter table contacts drop column phones")
connection.execute("create table cleaned as select * from contacts left join usable_phones using (unique_id)")
connection.execute("drop table contacts")
connection.execute("alter table cleaned rename to contacts")
connection.execute(
    """
    update contacts set birth_date = null where birth_date in
      (select birth_date from contacts group by birth_date having count(*) > greatest(30, (select count(*) / 1000 from contacts)))
    """
)
connection.execute("update contacts set email = null where is_role")
connection.execute("alter table contacts drop column is_role")

settings = SettingsCreator(
    link_type="dedupe_only",
    comparisons=[
        cl.NameComparison("first_name").configure(term_frequency_adjustments=True),
        cl.NameComparison("last_name").configure(term_frequency_adjustments=True),
        cl.EmailComparison("email"),
        cl.ArrayIntersectAtSizes("phones", [1]),
        # Parts of an address depend on each other, so they are one comparison.
        cl.CustomComparison(
            output_column_name="address",
            comparison_levels=[
                cll.CustomLevel("street_l is null and postal_code_l is null or street_r is null and postal_code_r is null")
                .configure(is_null_level=True, label_for_charts="no address"),
                cll.CustomLevel("street_l = street_r and postal_code_l = postal_code_r", "same street and code"),
                cll.CustomLevel("jaro_winkler_similarity(street_l, street_r) >= 0.92 and city_l = city_r", "alike, same city"),
                cll.CustomLevel("street_l = street_r", "same street"),
                cll.CustomLevel("postal_code_l = postal_code_r", "same code"),
                cll.CustomLevel("city_l = city_r", "same city"),
                cll.ElseLevel(),
            ],
        ),
        cl.JaroWinklerAtThresholds("company", [0.95, 0.85]).configure(term_frequency_adjustments=True),
        cl.LevenshteinAtThresholds("birth_date", [1]),
    ],
    blocking_rules_to_generate_predictions=[
        block_on("email"),
        block_on("phones", "last_name", arrays_to_explode=["phones"]),
        block_on("phones", "first_name", arrays_to_explode=["phones"]),
        block_on("first_name", "last_name"),
        block_on("last_name", "company"),
        block_on("first_name", "company"),
        block_on("last_name", "postal_code"),
        block_on("first_name", "postal_code"),
        block_on("last_name", "street"),
        block_on("substr(first_name, 1, 3)", "substr(last_name, 1, 4)", "city"),
        block_on("split_part(email, '@', 1)", "last_name"),
        block_on("birth_date", "last_name"),
        block_on("birth_date", "first_name"),
    ],
    retain_matching_columns=False,
)
api = DuckDBAPI(connection=connection)
linker = Linker(api.register("contacts"), settings)
linker.training.estimate_probability_two_random_records_match(
    [block_on("email"), block_on("first_name", "last_name", "postal_code"), block_on("first_name", "last_name", "company")],
    recall=0.7,
)
linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
linker.training.estimate_parameters_using_expectation_maximisation(block_on("email"))
linker.training.estimate_parameters_using_expectation_maximisation(block_on("first_name", "last_name"))
linker.training.estimate_parameters_using_expectation_maximisation(block_on("postal_code", "last_name"))
predictions = linker.inference.predict(threshold_match_probability=min(thresholds))


def write(threshold: float, path: str) -> None:
    found = linker.clustering.cluster_pairwise_predictions_at_threshold(predictions, threshold)
    connection.execute(
        f"copy (select unique_id as id, cluster_id from {found.physical_name}) to '{path}' (header, delimiter ',')"
    )


write(thresholds[0], clusters)
print("done", flush=True)
for threshold in thresholds[1:]:
    write(threshold, f"{clusters}.{threshold}")
