//! deploy/openapi.json names every address of the gateways' API with its method, and shows the messages as they are.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::scratch::read;

fn document() -> Value {
    serde_json::from_str(&read("deploy/openapi.json")).unwrap()
}

#[test]
fn every_address_of_the_api_stands_in_the_description_and_no_other() {
    let source = read("src/controller/api/routes.rs");
    let mut there = BTreeSet::new();
    for line in source.lines().filter_map(|line| line.trim().strip_prefix(".route(\"")) {
        let (path, handlers) = line.split_once("\", ").unwrap();
        for method in ["get", "post", "put", "delete"] {
            if handlers.starts_with(&format!("{method}(")) || handlers.contains(&format!(".{method}(")) {
                there.insert(format!("{method} {path}"));
            }
        }
    }
    assert!(there.len() > 15, "{there:?}");
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let described = paths.iter().filter(|(path, _)| path.starts_with("/v1/")).flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys().filter(|key| *key != "servers");
        methods.map(move |method| format!("{method} {path}"))
    });
    assert_eq!(described.collect::<BTreeSet<_>>(), there);
}

#[test]
fn its_examples_are_the_golden_messages() {
    let document = document();
    let mut seen = 0;
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let content = &operation["requestBody"]["content"]["application/json"];
            for (name, example) in content["examples"].as_object().into_iter().flatten() {
                let golden: Value = serde_json::from_str(&read(&format!("src/wire/golden/{name}.json"))).unwrap();
                assert_eq!(example["value"], golden, "{name}");
                seen += 1;
            }
        }
    }
    assert!(seen > 12, "{seen}");
}

#[test]
fn whatever_it_refers_to_is_there() {
    let document = document();
    let mut names = BTreeSet::new();
    refers(&document, &mut names);
    assert!(names.len() > 15, "{names:?}");
    for name in names {
        let place = name.strip_prefix('#').unwrap();
        assert!(document.pointer(place).is_some(), "{name}");
    }
}

fn refers(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            names.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|inner| refers(inner, names));
        }
        Value::Array(items) => items.iter().for_each(|inner| refers(inner, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
