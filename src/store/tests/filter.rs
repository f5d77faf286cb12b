//! The content filter's tables.

use super::*;

fn sop(id: i64, state: SopState) -> SopRow {
    SopRow {
        id,
        layer: "regency".to_owned(),
        of_place: "sinjai".to_owned(),
        number: "188/2026".to_owned(),
        revision: 1,
        title: "Filter Konten".to_owned(),
        state: state.as_str().to_owned(),
        sha256: vec![7; 32],
        document: "number = \"188/2026\"".to_owned(),
        review_by: Some("2027-01-01".to_owned()),
        author: "ani".to_owned(),
        made: millis(at(0)),
        approver: None,
        approved: None,
        published: None,
        ended: None,
        decree: None,
        trial: None,
        trial_until: None,
    }
}

#[tokio::test]
async fn a_sop_keeps_its_text_whatever_becomes_of_it() {
    on_both("sop", async |store: Store| {
        let mut tx = store.write().await.unwrap();
        assert_eq!(tx.next_sop().await.unwrap(), 1);
        tx.add_sop(&sop(1, SopState::Draft)).await.unwrap();
        assert_eq!(tx.next_sop().await.unwrap(), 2);
        let changed = SopRow {
            document: "something else".to_owned(),
            author: "ani + budi".to_owned(),
            approver: Some("budi".to_owned()),
            approved: Some(millis(at(1))),
            decree: Some(vec![9; 32]),
            trial: Some("t".to_owned()),
            trial_until: Some(millis(at(10))),
            ..sop(1, SopState::Published)
        };
        tx.put_sop(&changed).await.unwrap();
        let kept = SopRow { document: sop(1, SopState::Draft).document, ..changed };
        assert_eq!(tx.sop(1).await.unwrap().as_ref(), Some(&kept));
        assert_eq!(tx.sops_in(SopState::Published).await.unwrap(), std::slice::from_ref(&kept));
        assert!(tx.sops_in(SopState::Draft).await.unwrap().is_empty());
        assert_eq!(tx.sops_on_trial(at(9)).await.unwrap(), std::slice::from_ref(&kept));
        assert!(tx.sops_on_trial(at(10)).await.unwrap().is_empty());
        assert_eq!(tx.sops().await.unwrap(), [SopRow { document: String::new(), ..kept }]);
        tx.add_decree(&[9; 32], b"%PDF-1.7", at(0)).await.unwrap();
        tx.add_decree(&[9; 32], b"%PDF-1.7", at(1)).await.unwrap();
        assert_eq!(tx.decree(&[9; 32]).await.unwrap().unwrap().pdf, b"%PDF-1.7");
        assert!(tx.add_sop(&sop(1, SopState::Draft)).await.unwrap_err().is_duplicate());
    })
    .await;
}

#[tokio::test]
async fn a_gateway_s_later_report_of_a_trial_replaces_its_earlier_one() {
    on_both("trial", async |store: Store| {
        let (site, gateway) = ("galeri".parse().unwrap(), "gw-1".parse().unwrap());
        let mut tx = store.write().await.unwrap();
        for (document, second) in [("one", 0), ("two", 5)] {
            tx.put_trial((&site, &gateway), "t", document, at(second)).await.unwrap();
        }
        let reports = tx.trials("t").await.unwrap();
        assert_eq!((reports.len(), reports[0].document.as_str()), (1, "two"));
        assert_eq!((tx.prune_trials(at(5)).await.unwrap(), tx.prune_trials(at(6)).await.unwrap()), (0, 1));
    })
    .await;
}

fn appeal(reference: &str) -> AppealRow {
    AppealRow {
        site: "galeri".to_owned(),
        reference: reference.to_owned(),
        gateway: "gw-1".to_owned(),
        subject: "example.sch.id".to_owned(),
        why: "situs sekolah".to_owned(),
        contact: Some("0812-0000-0000".to_owned()),
        sop: Some("188/2026".to_owned()),
        sop_revision: Some(1),
        clause: Some("3".to_owned()),
        explanation: "{}".to_owned(),
        made: millis(at(0)),
        received: millis(at(1)),
        verdict: None,
        words: String::new(),
        decided_by: None,
        decided: None,
        until: None,
    }
}

#[tokio::test]
async fn an_appeal_is_kept_once_decided_once_and_erased_in_time() {
    on_both("appeal", async |store: Store| {
        let (site, gateway) = ("galeri".parse().unwrap(), "gw-1".parse().unwrap());
        let mut tx = store.write().await.unwrap();
        let (one, two) = (appeal("AAAAAAAAAA"), appeal("BBBBBBBBBB"));
        assert!(tx.add_appeal(&one).await.unwrap() && tx.add_appeal(&two).await.unwrap());
        assert!(!tx.add_appeal(&one).await.unwrap() && tx.knows_appeal(&site, "AAAAAAAAAA").await.unwrap());
        assert_eq!(tx.appeals_since((&site, &gateway), at(0)).await.unwrap(), 2);
        assert_eq!(tx.appeals_since((&site, &gateway), at(1)).await.unwrap(), 0);
        let decided = AppealRow {
            verdict: Some("accepted".to_owned()),
            words: "Benar.".to_owned(),
            decided_by: Some("ani".to_owned()),
            decided: Some(millis(at(10))),
            until: Some("2026-12-31".to_owned()),
            ..one.clone()
        };
        assert!(tx.decide_appeal(&decided).await.unwrap());
        assert!(!tx.decide_appeal(&AppealRow { words: "Tidak.".to_owned(), ..decided.clone() }).await.unwrap());
        assert_eq!(tx.appeals_under("AAAAAAAAAA").await.unwrap(), std::slice::from_ref(&decided));
        assert_eq!(tx.appeals(Some(&site), true).await.unwrap(), [two]);
        assert_eq!(tx.appeals(None, false).await.unwrap().len(), 2);
        assert_eq!(tx.appeals_decided(&site, at(9)).await.unwrap(), [decided]);
        assert!(tx.appeals_decided(&site, at(10)).await.unwrap().is_empty());

        assert_eq!(tx.erase_appeals(at(10), at(10), at(1)).await.unwrap(), 0, "not yet");
        assert_eq!(tx.erase_appeals(at(11), at(10), at(1)).await.unwrap(), 1, "nobody is written to any more");
        let still = tx.appeals_under("AAAAAAAAAA").await.unwrap().remove(0);
        assert!(still.contact.is_none() && !still.why.is_empty() && !still.subject.is_empty(), "{still:?}");
        assert_eq!(tx.erase_appeals(at(11), at(11), at(1)).await.unwrap(), 1, "decided long ago");
        assert_eq!(tx.erase_appeals(at(11), at(11), at(2)).await.unwrap(), 1, "never decided");
        let left = tx.appeals(None, false).await.unwrap();
        let erased = |row: &AppealRow| {
            row.contact.is_none() && row.why.is_empty() && row.subject.is_empty() && row.explanation.is_empty()
        };
        assert!(left.iter().all(erased), "{left:?}");
        assert_eq!(left[0].words, "Benar.", "what was decided stays");
        assert_eq!(tx.erase_appeals(at(11), at(11), at(2)).await.unwrap(), 0, "once");
    })
    .await;
}

#[tokio::test]
async fn totals_replace_each_other_and_runs_add_up() {
    on_both("count", async |store: Store| {
        let count = |run: &str, total| CountRow {
            site: "galeri".to_owned(),
            gateway: "gw-1".to_owned(),
            run: run.to_owned(),
            hour: millis(at(0)),
            sop: "188/2026".to_owned(),
            clause: "3".to_owned(),
            list: String::new(),
            total,
        };
        let mut tx = store.write().await.unwrap();
        for (run, total, news) in [("a", 10, true), ("a", 30, true), ("a", 20, false), ("a", 30, false), ("b", 5, true)]
        {
            assert_eq!(tx.put_count(&count(run, total)).await.unwrap(), news, "{run} {total}");
        }
        let sums = tx.count_sums(&ALL_TIME).await.unwrap();
        assert_eq!((sums.len(), sums[0].total), (1, 35));
        assert!(tx.count_sums(&Span { from: at(1), ..ALL_TIME }).await.unwrap().is_empty());
        assert_eq!((tx.prune_counts(at(0)).await.unwrap(), tx.prune_counts(at(1)).await.unwrap()), (0, 2));
        assert!(tx.count_sums(&ALL_TIME).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn indexes_and_lists_are_remembered() {
    on_both("index", async |store: Store| {
        let mut tx = store.write().await.unwrap();
        assert_eq!(tx.last_index().await.unwrap(), None);
        let index = |version| IndexRow {
            version,
            root: vec![1; 32],
            octets: 100,
            document: "[]".to_owned(),
            built: millis(at(version)),
        };
        for version in 1..=3 {
            tx.add_index(&index(version)).await.unwrap();
        }
        assert!(tx.add_index(&index(4)).await.is_ok());
        assert_eq!(tx.prune_indexes(3).await.unwrap(), 2);
        assert_eq!(tx.indexes().await.unwrap(), [index(4), index(3)]);
        assert_eq!(tx.last_index().await.unwrap(), Some(index(4)));

        let id: gapura_model::ListId = "judi".parse().unwrap();
        tx.put_list(&id, "{}", at(0)).await.unwrap();
        tx.put_list(&id, "{\"a\":1}", at(1)).await.unwrap();
        let lists = tx.lists().await.unwrap();
        assert_eq!((lists.len(), lists[0].document.as_str()), (1, "{\"a\":1}"));
        tx.remove_list("judi").await.unwrap();
        assert!(tx.lists().await.unwrap().is_empty());
    })
    .await;
}
