//! All that is in one database goes into another, of either kind.

use futures_util::StreamExt as _;

use super::*;

pub(super) async fn poured(store: &Store) -> Vec<(Table, Vec<Vec<Cell>>)> {
    let mut tx = store.read().await.unwrap();
    let mut all = Vec::new();
    for table in tx.tables().await.unwrap() {
        let mut rows: Vec<Vec<Cell>> = tx.pour(&table).map(|row| row.unwrap()).collect().await;
        rows.sort_by_key(|row| serde_json::to_string(row).unwrap());
        all.push((table, rows));
    }
    all
}

#[tokio::test]
async fn all_tables_go_from_either_database_into_either() {
    let (first, second, database) = (Directory::new("pour"), Directory::new("pour-2"), postgres::database());
    let store = Store::open(&first.address()).await.unwrap();
    let mut tx = store.write().await.unwrap();
    let (site, plan) = ("galeri".parse().unwrap(), "umum".parse().unwrap());
    tx.put_site(&site, "{\"nama\":\"Galeri \u{201c}Sinjai\u{201d}\"}", &[0xa7; 32], at(0)).await.unwrap();
    tx.put_plan(&plan, "{}", at(0)).await.unwrap();
    for revision in 0..250 {
        let id = format!("{revision:032x}");
        let one =
            VisitRow { visit: id, holder: (revision % 2 == 0).then(|| "h".to_owned()), ..visit(revision, i64::MAX) };
        tx.put_visit(&one).await.unwrap();
    }
    tx.add_voucher(&voucher("galeri", 7, None), None).await.unwrap();
    let note = AuditEntry { actor: "a", action: "b", object: "c", before: "", after: "", reason: "" };
    tx.audit(note, at(0)).await.unwrap();
    tx.commit().await.unwrap();

    let mut from = store;
    for address in [database.address.clone(), second.address()] {
        let schema = from.read().await.unwrap().schema().await.unwrap();
        assert_eq!(schema, Store::newest_schema());
        let all = poured(&from).await;
        let place = |name: &str| all.iter().position(|(table, _)| table.name == name).unwrap();
        assert!(
            place("site") < place("voucher") && place("voucher") < place("recall"),
            "what is referred to comes first"
        );
        let to = Store::open_new(&address, schema).await.unwrap();
        let mut tx = to.write().await.unwrap();
        for (table, _) in all.iter().rev() {
            tx.empty(table).await.unwrap();
        }
        for (table, rows) in &all {
            assert!(
                rows.iter().flatten().zip(table.columns.iter().cycle()).all(|(cell, column)| cell.fits(column.kind))
            );
            tx.fill(table, rows).await.unwrap();
        }
        tx.commit().await.unwrap();
        assert_eq!(poured(&to).await, all);
        let rows = to.read().await.unwrap().audit_rows(0, 10).await.unwrap();
        assert!(AuditRow::verify_chain(&rows, (0, [0; 32])).is_ok());
        from.close().await;
        from = to;
    }
    from.close().await;
}

#[tokio::test]
async fn tables_can_stand_at_an_earlier_migration_first() {
    let (directory, database) = (Directory::new("earlier"), postgres::database());
    for address in [directory.address(), database.address.clone()] {
        let store = Store::open_new(&address, 4).await.unwrap();
        assert_eq!(store.read().await.unwrap().schema().await.unwrap(), 4);
        assert!(!store.read().await.unwrap().tables().await.unwrap().iter().any(|table| table.name == "gateway_state"));
        store.close().await;
        let store = Store::open(&address).await.unwrap();
        assert!(store.read().await.unwrap().tables().await.unwrap().iter().any(|table| table.name == "gateway_state"));
        store.close().await;
        assert!(matches!(Store::open_new(&address, 4).await, Err(StoreError::Migrate(_))), "it is not new");
        assert!(matches!(Store::open_new(&address, 9999).await, Err(StoreError::Newer { .. })));
    }
}
