//! Predicates: what they select, and what people read when they are wrong.

use equipoise_data::{Column, MISSING, Predicate, PredicateType, cohorts_from_rai, cohorts_to_rai};
use equipoise_document::CohortSpec;

const NONE: f64 = f64::NAN;

fn names(values: &[&str]) -> Column {
    let mut levels: Vec<String> = values.iter().filter(|v| !v.is_empty()).map(|v| (*v).to_owned()).collect();
    levels.sort();
    levels.dedup();
    let code = |v: &&str| levels.iter().position(|l| l == v).map_or(MISSING, |i| i as u32);
    Column::Codes { codes: values.iter().map(code).collect(), levels: levels.clone().into() }
}

/// Six people; `-` in the comments marks what is missing.
fn people() -> Vec<(&'static str, PredicateType, Column)> {
    let day = 86_400.0;
    vec![
        ("age", PredicateType::Number, Column::Number(vec![25.0, 39.0, NONE, 51.0, 39.5, -1.0].into())),
        ("sex", PredicateType::Name, names(&["Male", "Female", "Female", "", "Male", "Female"])),
        (
            "is_member",
            PredicateType::Boolean,
            Column::Codes {
                codes: vec![1, 0, 1, MISSING, 0, 1].into(),
                levels: vec!["false".to_owned(), "true".to_owned()].into(),
            },
        ),
        (
            "joined",
            PredicateType::Datetime,
            Column::Number(vec![0.0, 18_262.0 * day, 18_261.0 * day, NONE, 18_262.5 * day, 20_000.0 * day].into()),
        ),
        ("Hours Per Week", PredicateType::Number, Column::Number(vec![40.0, 20.0, 60.0, 35.0, 40.0, 38.0].into())),
        ("date", PredicateType::Datetime, Column::Number(vec![0.0; 6].into())),
        ("_true", PredicateType::Name, names(&["no", "yes", "yes", "no", "no", "yes"])),
        ("_predicted", PredicateType::Name, names(&["no", "yes", "no", "yes", "no", "no"])),
        ("_outcome", PredicateType::Name, names(&["tn", "tp", "fn", "fp", "tn", "fn"])),
        ("_error", PredicateType::Number, Column::Number(vec![0.0, 0.0, 1.0, 1.0, 0.0, 1.0].into())),
        ("_index", PredicateType::Number, Column::Number(vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0].into())),
        ("_probability", PredicateType::Number, Column::Number(vec![0.1, 0.9, 0.4, 0.6, 0.2, 0.49].into())),
    ]
}

fn parse(text: &str) -> Result<Predicate, equipoise_data::PredicateError> {
    let columns: Vec<(String, PredicateType)> = people().iter().map(|(n, t, _)| ((*n).to_owned(), *t)).collect();
    Predicate::parse(text, &columns)
}

/// Numbers of the rows that belong, from 0.
fn rows(text: &str) -> Vec<usize> {
    let predicate = parse(text).unwrap_or_else(|e| panic!("{e}"));
    let people = people();
    let columns: Vec<Column> = predicate.columns().iter().map(|i| people[*i].2.clone()).collect();
    let judged = predicate.evaluate(6, &columns).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(judged.len(), 6);
    judged.iter().enumerate().filter(|(_, b)| **b).map(|(i, _)| i).collect()
}

#[test]
fn conditions_select_rows() {
    for (text, expected) in [
        ("age > 30", &[1, 3, 4][..]),
        ("age >= 39 and sex = 'Female'", &[1]),
        ("age < 30 or sex = 'Female'", &[0, 1, 2, 5]),
        // Null is neither true nor false, so neither of these holds for the row without age.
        ("not age > 30", &[0, 5]),
        ("age is null", &[2]),
        ("sex is not null and age is not null", &[0, 1, 4, 5]),
        ("sex <> 'Male'", &[1, 2, 5]),
        ("sex in ('Male', 'Other')", &[0, 4]),
        ("sex not in ('Male')", &[1, 2, 5]),
        ("age in (25, 51)", &[0, 3]),
        ("age between 25 and 39", &[0, 1]),
        ("age not between 25 and 39", &[3, 4, 5]),
        ("sex like 'F%'", &[1, 2, 5]),
        ("sex not like '%emale'", &[0, 4]),
        ("is_member", &[0, 2, 5]),
        ("not is_member", &[1, 4]),
        ("is_member = false", &[1, 4]),
        ("is_member is null", &[3]),
        ("joined >= '2020-01-01'", &[1, 4, 5]),
        ("joined = '2020-01-01'", &[1]),
        ("joined < date '2020-01-01'", &[0, 2]),
        ("joined between '2019-12-31' and '2020-01-01'", &[1, 2]),
        ("date_part('year', joined) = 2020", &[1, 4]),
        ("extract(year from joined) = 1970", &[0]),
        ("age * 2 > \"Hours Per Week\" + 20", &[1, 3, 4]),
        ("\"Hours Per Week\" % 20 = 0", &[0, 1, 2, 4]),
        ("abs(age) = 1", &[5]),
        ("lower(sex) = 'male'", &[0, 4]),
        ("upper(sex) in ('MALE')", &[0, 4]),
        ("char_length(sex) = 6", &[1, 2, 5]),
        ("starts_with(sex, 'M')", &[0, 4]),
        ("sex ~ '^F'", &[1, 2, 5]),
        ("coalesce(age, 0) = 0", &[2]),
        ("case when sex = 'Male' then age > 30 else is_member end", &[2, 4, 5]),
        ("cast(age as int) = 39", &[1, 4]),
        ("_true = _predicted", &[0, 1, 4]),
        ("_true <> _predicted and sex = 'Female'", &[2, 5]),
        ("_outcome in ('fn', 'fp')", &[2, 3, 5]),
        ("_probability >= 0.5", &[1, 3]),
        // Case: exactly first, then whichever matches.
        ("AGE > 50", &[3]),
        ("\"Hours Per Week\" > 40 -- a remark", &[2]),
        ("age >\n 50", &[3]),
        ("date = '1970-01-01' and age = 25", &[0]),
        ("true", &[0, 1, 2, 3, 4, 5]),
        ("age > '30'", &[1, 3, 4]),
        ("1 = 2", &[]),
        ("null", &[]),
        ("age = 25.0 or age = 5.1e1", &[0, 3]),
    ] {
        assert_eq!(rows(text), expected, "{text}");
    }
}

#[test]
fn exact_spelling_wins_over_case() {
    let columns = [("Age".to_owned(), PredicateType::Number), ("age".to_owned(), PredicateType::Number)];
    assert_eq!(Predicate::parse("age > 1", &columns).unwrap().columns(), [1]);
    assert_eq!(Predicate::parse("Age > 1", &columns).unwrap().columns(), [0]);
    assert_eq!(Predicate::parse("AGE > 1", &columns).unwrap().columns(), [0]);
    assert_eq!(Predicate::parse("age > \"Age\"", &columns).unwrap().columns(), [0, 1]);
    let odd = [("say \"hi\"".to_owned(), PredicateType::Number), ("in".to_owned(), PredicateType::Number)];
    assert_eq!(Predicate::parse("\"say \"\"hi\"\"\" > \"in\"", &odd).unwrap().columns(), [0, 1]);
}

#[test]
fn long_lists_and_long_chains() {
    let list: Vec<String> = (0..5_000).map(|i| i.to_string()).collect();
    assert_eq!(rows(&format!("age in ({})", list.join(","))), [0, 1, 3]);
    let chain: Vec<String> = (0..250).map(|i| format!("age = {i}")).collect();
    assert_eq!(rows(&chain.join(" or ")), [0, 1, 3]);
    let endless = vec!["age = 1"; 5_000].join(" or ");
    assert!(parse(&endless).unwrap_err().to_string().contains("more than 256 operators"));
    let nested = format!("{}age = 1{}", "(".repeat(3_000), ")".repeat(3_000));
    assert!(parse(&nested).unwrap_err().to_string().contains("nests too deep"));
    let minus = format!("age = {}1", "- ".repeat(3_000));
    assert!(parse(&minus).is_err());
}

fn message(text: &str) -> String {
    parse(text).expect_err("this is not a predicate").to_string()
}

#[test]
fn names_that_do_not_exist() {
    insta::assert_snapshot!(message("sx = 'Male' and age > 3"), @r"
    predicate, column 1: there is no column `sx`
      sx = 'Male' and age > 3
      ^
    hint: the nearest name is `sex`
    ");
    insta::assert_snapshot!(message("age > 3 and\n  zzzzzz = 'Male'"), @r"
    predicate, line 2, column 3: there is no column `zzzzzz`
        zzzzzz = 'Male'
        ^
    hint: the columns are `age`, `sex`, `is_member`, `joined`, `Hours Per Week`, `date`, `_true`, `_predicted` and others
    ");
    insta::assert_snapshot!(message("sex = \"Male\""), @r#"
    predicate, column 7: there is no column `Male`
      sex = "Male"
            ^
    hint: double quotes stand around columns; for a text write 'Male'
    "#);
    insta::assert_snapshot!(message("lowr(sex) = 'male'"), @r"
    predicate, column 1: there is no function `lowr`
      lowr(sex) = 'male'
      ^
    hint: the nearest function is `lower`
    ");
    insta::assert_snapshot!(message("people.age > 3"), @r"
    predicate, column 1: there is no column `people`
      people.age > 3
      ^
    hint: the columns are `age`, `sex`, `is_member`, `joined`, `Hours Per Week`, `date`, `_true`, `_predicted` and others
    ");
    insta::assert_snapshot!(message("year > 3"), @r"
    predicate, column 1: there is no column `year`
      year > 3
      ^
    hint: the columns are `age`, `sex`, `is_member`, `joined`, `Hours Per Week`, `date`, `_true`, `_predicted` and others
    ");
}

#[test]
fn text_that_is_not_sql() {
    insta::assert_snapshot!(message(""), @r"
    predicate ``: it is empty
    hint: for example `age > 30 and sex = 'Male'`
    ");
    insta::assert_snapshot!(message("age >"), @r"
    predicate, column 6: expected: an expression, found: the end
      age >
           ^
    hint: for example `age > 30 and sex = 'Male'`
    ");
    insta::assert_snapshot!(message("age > 3 sex = 'Male'"), @r"
    predicate, column 9: `sex` is not expected here
      age > 3 sex = 'Male'
              ^
    hint: join conditions with `and` or `or`
    ");
    insta::assert_snapshot!(message("sex = 'Male"), @r"
    predicate, column 7: unterminated string literal
      sex = 'Male
            ^
    hint: a text stands between single quotes: 'Male'
    ");
    insta::assert_snapshot!(message("age > (3"), @r"
    predicate, column 9: expected: ), found: the end
      age > (3
              ^
    hint: for example `age > 30 and sex = 'Male'`
    ");
    insta::assert_snapshot!(message("age == 3 && sex"), @r"
    predicate, column 10: `&&` is not SQL
      age == 3 && sex
               ^
    hint: join conditions with `and`
    ");
    insta::assert_snapshot!(message("age > 3; drop table x"), @r"
    predicate, column 8: `;` ends a statement
      age > 3; drop table x
             ^
    hint: a predicate is one condition without `;`
    ");
}

#[test]
fn more_than_one_row() {
    insta::assert_snapshot!(message("age > (select 3)"), @r"
    predicate, column 8: subqueries and clauses cannot be used
      age > (select 3)
             ^
    hint: a predicate looks at one row at a time, for example `age > 30 and sex = 'Male'`
    ");
    insta::assert_snapshot!(message("exists (select 1)"), @r"
    predicate, column 1: subqueries cannot be used
      exists (select 1)
      ^
    hint: a predicate looks at one row at a time, for example `age > 30 and sex = 'Male'`
    ");
    insta::assert_snapshot!(message("age > avg(age)"), @r"
    predicate, column 7: `avg` is a function of many rows
      age > avg(age)
            ^
    hint: a predicate looks at one row at a time, for example `age > 30 and sex = 'Male'`
    ");
    insta::assert_snapshot!(message("abs(age) over () > 1"), @r"
    predicate, column 10: window functions cannot be used
      abs(age) over () > 1
               ^
    hint: a predicate looks at one row at a time, for example `age > 30 and sex = 'Male'`
    ");
    insta::assert_snapshot!(message("random() < 0.5"), @r"
    predicate, column 1: `random` does not give the same answer each time
      random() < 0.5
      ^
    hint: write the value itself, for example '2020-01-01' or 0.5
    ");
    insta::assert_snapshot!(message("joined > now()"), @r"
    predicate, column 10: `now` does not give the same answer each time
      joined > now()
               ^
    hint: write the value itself, for example '2020-01-01' or 0.5
    ");
    insta::assert_snapshot!(message("age = $1"), @r"
    predicate, column 7: there is nothing to put in for `$1`
      age = $1
            ^
    hint: write the value itself
    ");
    insta::assert_snapshot!(message("age = @x"), @r"
    predicate, column 7: there is no column `@x`
      age = @x
            ^
    hint: the columns are `age`, `sex`, `is_member`, `joined`, `Hours Per Week`, `date`, `_true`, `_predicted` and others
    ");
}

#[test]
fn types_that_do_not_fit() {
    insta::assert_snapshot!(message("age + 1"), @r"
    predicate `age + 1`: it gives a number, not true or false
    hint: compare it with something, for example `age > 30`
    ");
    insta::assert_snapshot!(message("sex"), @r"
    predicate `sex`: it gives a value, not true or false
    hint: compare it with something, for example `age > 30`
    ");
    insta::assert_snapshot!(message("joined > 'soon'"), @r"
    predicate `joined > 'soon'`: error parsing timestamp from 'soon': timestamp must contain at least 10 characters
    hint: compare numbers with numbers, texts with 'texts' and dates with '2020-01-31'
    ");
    insta::assert_snapshot!(message("abs(sex) = 1"), @r"
    predicate `abs(sex) = 1`: function 'abs' expects number but received text
    hint: compare numbers with numbers, texts with 'texts' and dates with '2020-01-31'
    ");
    insta::assert_snapshot!(message("age and sex = 'Male'"), @r"
    predicate `age and sex = 'Male'`: cannot infer common argument type for logical boolean operation number AND true/false
    hint: compare numbers with numbers, texts with 'texts' and dates with '2020-01-31'
    ");
    insta::assert_snapshot!(message("age = 'old'"), @r"
    predicate `age = 'old'`: cannot cast string 'old' to value of number type
    hint: compare numbers with numbers, texts with 'texts' and dates with '2020-01-31'
    ");
    insta::assert_snapshot!(message("is_member > 'x'"), @r"
    predicate `is_member > 'x'`: cannot infer common argument type for comparison operation true/false > text
    hint: compare numbers with numbers, texts with 'texts' and dates with '2020-01-31'
    ");
    insta::assert_snapshot!(message("lower(sex, 1) = 'a'"), @r"
    predicate `lower(sex, 1) = 'a'`: function 'lower' expects 1 arguments but received 2
    hint: compare numbers with numbers, texts with 'texts' and dates with '2020-01-31'
    ");
    let predicate = parse("cast(sex as int) = 1").unwrap();
    let error = predicate.evaluate(1, &[names(&["Male"])]).unwrap_err();
    insta::assert_snapshot!(error, @r"
    predicate `cast(sex as int) = 1`: cannot cast string 'Male' to value of whole number type
    hint: compare numbers with numbers and texts with 'texts'; a function or cast must fit every value
    ");
}

fn rai(filters: &str) -> String {
    let json = format!("{{\"name\": \"c\", \"cohort_filter_list\": {filters}}}");
    let classes = ["no".to_owned(), "yes".to_owned()];
    match cohorts_from_rai(&json, &classes) {
        Ok(cohorts) => cohorts[0].predicate.clone(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn toolbox_filters_become_predicates() {
    for (filters, predicate, selected) in [
        (r#"[{"column": "age", "method": "less", "arg": [39.5]}]"#, "\"age\" < 39.5", &[0, 1, 5][..]),
        (r#"[{"column": "age", "method": "less and equal", "arg": [39]}]"#, "\"age\" <= 39", &[0, 1, 5]),
        (r#"[{"column": "age", "method": "greater", "arg": [39]}]"#, "\"age\" > 39", &[3, 4]),
        (r#"[{"column": "age", "method": "greater and equal", "arg": [39]}]"#, "\"age\" >= 39", &[1, 3, 4]),
        (r#"[{"column": "age", "method": "equal", "arg": [25]}]"#, "\"age\" = 25", &[0]),
        (r#"[{"column": "age", "method": "in the range of", "arg": [25, 39]}]"#, "\"age\" BETWEEN 25 AND 39", &[0, 1]),
        (r#"[{"column": "sex", "method": "includes", "arg": ["Male"]}]"#, "\"sex\" IN ('Male')", &[0, 4]),
        (
            r#"[{"column": "sex", "method": "excludes", "arg": ["Male", "it's"]}]"#,
            "(\"sex\" NOT IN ('Male', 'it''s') OR \"sex\" IS NULL)",
            &[1, 2, 3, 5],
        ),
        (r#"[{"column": "is_member", "method": "includes", "arg": [true]}]"#, "\"is_member\" IN (true)", &[0, 2, 5]),
        (r#"[{"column": "True Y", "method": "includes", "arg": [1]}]"#, "_true IN ('yes')", &[1, 2, 5]),
        (r#"[{"column": "Predicted Y", "method": "includes", "arg": ["yes"]}]"#, "_predicted IN ('yes')", &[1, 3]),
        (
            r#"[{"column": "Classification outcome", "method": "includes", "arg": [1, 2]}]"#,
            "_outcome IN ('fp', 'fn')",
            &[2, 3, 5],
        ),
        (
            r#"[{"column": "Classification outcome", "method": "includes", "arg": ["True positive"]}]"#,
            "_outcome IN ('tp')",
            &[1],
        ),
        (
            r#"[{"column": "Classification outcome", "method": "includes", "arg": ["Incorrect prediction"]}]"#,
            "_true <> _predicted",
            &[2, 3, 5],
        ),
        (
            r#"[{"column": "age", "method": "greater", "arg": [30]}, {"compositeFilters": [
                {"column": "sex", "method": "includes", "arg": ["Female"]},
                {"compositeFilters": [{"column": "age", "method": "less", "arg": [40]},
                                      {"column": "age", "method": "greater", "arg": [39]}], "operation": "and"}],
                "operation": "or"}]"#,
            "\"age\" > 30 AND (\"sex\" IN ('Female') OR (\"age\" < 40 AND \"age\" > 39))",
            &[1, 4],
        ),
        (r#"[{"column": "Index", "method": "includes", "arg": [0, 4]}]"#, "_index IN (0, 4)", &[0, 4]),
        (r#"[{"column": "Error", "method": "greater", "arg": [0.5]}]"#, "_error > 0.5", &[2, 3, 5]),
        ("[]", "true", &[0, 1, 2, 3, 4, 5]),
    ] {
        assert_eq!(rai(filters), predicate);
        assert_eq!(rows(&rai(filters)), selected, "{predicate}");
    }
}

#[test]
fn toolbox_filters_that_cannot_be_kept() {
    insta::assert_snapshot!(rai(r#"[{"column": "age", "method": "near", "arg": [5]}]"#), @r"
    cohort.cohort_filter_list[0]: method `near` is not known
    hint: `includes`, `excludes`, `equal`, `greater`, `greater and equal`, `less`, `less and equal` and `in the range of` can be used
    ");
    insta::assert_snapshot!(rai(r#"[{"column": "age", "method": "less", "arg": ["x"]}]"#), @r#"
    cohort.cohort_filter_list[0]: `"x"` is not a number
    hint: write a number in `arg`
    "#);
    insta::assert_snapshot!(rai(r#"[{"column": "Classification outcome", "method": "includes", "arg": [4]}]"#), @r"
    cohort.cohort_filter_list[0]: `4` is not an outcome
    hint: 0 true negative, 1 false positive, 2 false negative, 3 true positive
    ");
    insta::assert_snapshot!(cohorts_from_rai("[{\"filters\": []}]", &[]).unwrap_err(), @r"
    cohorts[0]: a cohort without a name
    hint: give it a `name`
    ");
    insta::assert_snapshot!(cohorts_from_rai("{", &[]).unwrap_err(), @r"
    cohorts: not valid JSON (EOF while parsing an object at line 1 column 1)
    hint: pass the text of `cohort.to_json()`
    ");
}

/// The toolbox's JSON of a predicate, or what is said instead.
fn exported(predicate: &str) -> String {
    let columns: Vec<(String, PredicateType)> = people().iter().map(|(n, t, _)| ((*n).to_owned(), *t)).collect();
    let cohort = CohortSpec { name: "c".to_owned(), predicate: predicate.to_owned() };
    cohorts_to_rai(&[cohort], &columns).unwrap_or_else(|error| error.to_string())
}

/// Out and in again: the same rows.
fn assert_round_trip(predicate: &str) {
    let json = exported(predicate);
    let back = cohorts_from_rai(&json, &[]).unwrap_or_else(|e| panic!("{predicate}: {e}\n{json}"));
    assert_eq!(rows(&back[0].predicate), rows(predicate), "{predicate} became {}", back[0].predicate);
}

#[test]
fn predicates_survive_the_toolbox() {
    for predicate in [
        "age > 30",
        "30 < age",
        "age >= 39 and sex = 'Female'",
        "age < 30 or sex = 'Female'",
        "not age > 30",
        "not (age > 30 and sex = 'Female')",
        "not (age between 25 and 39 or is_member)",
        "age is null",
        "sex is not null and age is not null",
        "sex <> 'Male'",
        "sex not in ('Male')",
        "sex not in ('Male') or sex is null",
        "sex is null or sex <> 'Male'",
        "not (sex in ('Male') and age > 3)",
        "age in (25, 51)",
        "age = 25",
        "age <> 25",
        "age = -1",
        "age between -1 and 39",
        "age not between 25 and 39",
        "is_member",
        "not is_member",
        "is_member is true and age > 3",
        "is_member = false",
        "_true = _predicted",
        "_true <> _predicted and sex = 'Female'",
        "not (_true = _predicted)",
        "_outcome in ('fn', 'fp')",
        "_outcome not in ('fn', 'fp')",
        "_outcome = 'tp' or _error > 0.5",
        "_true = 'yes'",
        "_predicted in ('no')",
        "_index < 3",
        "_index between 1 and 4 and \"Hours Per Week\" > 20",
        "age > 30 and (sex = 'Female' or (age < 40 and age > 39)) and is_member is not null",
        "true",
        "true and age > 30",
    ] {
        assert_round_trip(predicate);
    }
}

#[test]
fn toolbox_cohorts_come_back_as_they_were() {
    let json = r#"[{"name": "c", "cohort_filter_list": [
        {"column": "age", "method": "greater", "arg": [30]},
        {"compositeFilters": [
            {"column": "sex", "method": "excludes", "arg": ["Female"]},
            {"compositeFilters": [
                {"column": "age", "method": "less and equal", "arg": [40]},
                {"column": "Classification outcome", "method": "includes", "arg": ["False positive", "False negative"]}],
             "operation": "and"}],
         "operation": "or"}]}]"#;
    let cohorts = cohorts_from_rai(json, &[]).unwrap();
    let columns: Vec<(String, PredicateType)> = people().iter().map(|(n, t, _)| ((*n).to_owned(), *t)).collect();
    let again: serde_json::Value = serde_json::from_str(&cohorts_to_rai(&cohorts, &columns).unwrap()).unwrap();
    assert_eq!(again, serde_json::from_str::<serde_json::Value>(json).unwrap());
}

#[test]
fn predicates_that_the_toolbox_cannot_hold() {
    for (predicate, reason) in [
        ("abs(age) = 1", "`abs(\"age\") = 1` has no form in the toolbox's JSON (one side must be a column alone)"),
        (
            "age * 2 > 3 and sex = 'Male'",
            "`\"age\" * 2 > 3` has no form in the toolbox's JSON (one side must be a column alone)",
        ),
        ("sex like 'F%'", "(functions, patterns and other expressions cannot be kept)"),
        ("_probability > 0.5", "(it has no filter on probabilities)"),
        ("joined >= '2020-01-01'", "(only numbers have an order there)"),
        ("joined = '2020-01-01'", "(dates have no filter there)"),
        ("age > \"Hours Per Week\"", "(it compares two columns)"),
        ("age = null", "(nothing compares with null)"),
        ("1 = 2", "(one side must be a column alone)"),
        ("null", "(no row fulfils it)"),
        ("agee > 2", "there is no column `agee`\nhint: the nearest name is `age`"),
    ] {
        let said = exported(predicate);
        assert!(said.starts_with("cohort `c`: ") && said.contains(reason), "{predicate}: {said}");
        assert!(said.contains("\nhint: "), "{said}");
    }
}
