//! Batches of vouchers, their codes and what is known of their use.

use super::*;

const SEALED: &[u8] = b"sealed";

async fn furnish(tx: &mut Tx) -> gapura_model::SiteId {
    let site = "galeri".parse().unwrap();
    tx.put_site(&site, "{}", &[1; 32], at(0)).await.unwrap();
    let new = NewBatch { site: &site, batch: "B-1", form: Some(&[5; 16]), preset: "umum", maker: "loket", amount: 4 };
    tx.add_print(new, at(0)).await.unwrap();
    for tag in 1..=4_u8 {
        let batch = "B-1".to_owned();
        let row = VoucherRow {
            number: i64::from(tag),
            note: "100% Lomba_karya".to_owned(),
            use_before: Some(millis(at(1000))),
            batch,
            ..voucher("galeri", tag, None)
        };
        assert!(tx.add_voucher(&row, Some(SEALED)).await.unwrap());
    }
    site
}

async fn tags(tx: &mut Tx, words: &str, state: &str, now: i64) -> Vec<u8> {
    let search = VoucherSearch { words, state, limit: 10, skip: 0 };
    let found = tx.find_vouchers(&"galeri".parse().unwrap(), search, at(now)).await.unwrap();
    found.iter().map(|row| row.tag[0]).collect()
}

#[tokio::test]
async fn vouchers_are_found_by_note_batch_and_state() {
    on_both("find", async |store: Store| {
        let mut tx = store.write().await.unwrap();
        let site = furnish(&mut tx).await;
        tx.voucher_used(&site, &[2; 32], at(10), (Some(at(5)), None)).await.unwrap();
        tx.voucher_used(&site, &[3; 32], at(10), (Some(at(6)), Some(at(9)))).await.unwrap();
        assert!(tx.revoke_voucher(&site, &[4; 32], at(11)).await.unwrap());
        for (words, all) in [
            ("", true),
            ("lomba", true),
            ("LOMBA_K", true),
            ("0% l", true),
            ("b-1", true),
            ("l%a", false),
            ("lomba-k", false),
        ] {
            let found = tags(&mut tx, words, "", 20).await;
            assert_eq!(found, if all { vec![1, 2, 3, 4] } else { vec![] }, "{words}");
        }
        for (state, tag) in [("unused", 1), ("used", 2), ("used-up", 3), ("withdrawn", 4)] {
            assert_eq!(tags(&mut tx, "", state, 20).await, [tag], "{state}");
        }
        assert_eq!(tags(&mut tx, "", "past", 2000).await, [1, 2], "used up is used up");
        let one = tx.prints(&site, "", 2, (10, 0)).await.unwrap().remove(0);
        assert_eq!((one.amount, one.withdrawn, one.used_up, one.used, one.kept), (4, 1, 1, 1, 2));
        assert_eq!(
            (one.maker.as_str(), one.preset.as_str(), one.use_before),
            ("loket", "umum", Some(millis(at(1000))))
        );
        assert!(tx.prints(&site, "", 5, (10, 0)).await.unwrap().is_empty());
        assert!(tx.prints(&site, "B-2", 1, (10, 0)).await.unwrap().is_empty());
        assert_eq!(tx.prints(&site, "B-1", 1, (10, 0)).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_code_is_kept_as_long_as_it_can_be_used() {
    on_both("sealed", async |store: Store| {
        let mut tx = store.write().await.unwrap();
        let site = furnish(&mut tx).await;
        let kept = async |tx: &mut Tx| {
            let mut tags: Vec<_> =
                tx.sealed_codes(&site, "B-1").await.unwrap().into_iter().map(|row| row.tag[0]).collect();
            tags.sort_unstable();
            tags
        };
        assert_eq!(tx.sealed_codes(&site, "B-1").await.unwrap()[0].sealed, SEALED);
        tx.voucher_used(&site, &[1; 32], at(10), (Some(at(5)), Some(at(9)))).await.unwrap();
        assert_eq!(kept(&mut tx).await, [2, 3, 4], "used up");
        // An older word does not undo a newer one.
        tx.voucher_used(&site, &[1; 32], at(8), (None, None)).await.unwrap();
        assert_eq!(tx.voucher(&site, &[1; 32]).await.unwrap().unwrap().used_up, Some(millis(at(9))));
        tx.revoke_voucher(&site, &[2; 32], at(11)).await.unwrap();
        assert_eq!(kept(&mut tx).await, [3, 4], "withdrawn");
        assert_eq!(tx.erase_codes(at(999), at(0)).await.unwrap(), 0);
        assert_eq!(tx.erase_codes(at(1000), at(0)).await.unwrap(), 2, "from the moment nobody can use them");
        assert_eq!(tx.voucher(&site, &[3; 32]).await.unwrap().unwrap().kept, 0);
        // What is over for long is in no bundle any more.
        assert_eq!(tx.live_vouchers(&site, at(12)).await.unwrap().len(), 3, "one was withdrawn before");
        assert_eq!(tx.live_vouchers(&site, at(1001)).await.unwrap().len(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_form_orders_one_batch() {
    on_both("form", async |store: Store| {
        let mut tx = store.write().await.unwrap();
        let site = furnish(&mut tx).await;
        assert_eq!(tx.print_of_form(&site, &[5; 16]).await.unwrap().as_deref(), Some("B-1"));
        assert_eq!(tx.print_of_form(&site, &[6; 16]).await.unwrap(), None);
        let again = NewBatch { site: &site, batch: "B-2", form: Some(&[5; 16]), preset: "", maker: "", amount: 1 };
        assert!(tx.add_print(again, at(1)).await.unwrap_err().is_duplicate());
    })
    .await;
}

#[tokio::test]
async fn presets_are_replaced_by_id() {
    on_both("presets", async |store: Store| {
        let mut tx = store.write().await.unwrap();
        for document in ["{}", "{\"a\":1}"] {
            tx.put_preset("umum", document, at(0)).await.unwrap();
        }
        assert_eq!(
            tx.presets().await.unwrap(),
            [PresetRow { id: "umum".to_owned(), document: "{\"a\":1}".to_owned() }]
        );
        assert!(tx.remove_preset("umum").await.unwrap() && !tx.remove_preset("umum").await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn small_and_large_are_one_for_the_same_letters_on_both() {
    on_both("accents", async |store: Store| {
        let mut tx = store.write().await.unwrap();
        furnish(&mut tx).await;
        let note = "CAFÉ Éls".to_owned();
        let accented = VoucherRow { note, ..voucher("galeri", 9, None) };
        assert!(tx.add_voucher(&accented, None).await.unwrap());
        for (words, there) in [("caf", true), ("cafÉ ÉLS", true), ("café", false), ("éls", false), ("LS", true)] {
            assert_eq!(tags(&mut tx, words, "", 20).await.contains(&9), there, "{words}");
        }
    })
    .await;
}
