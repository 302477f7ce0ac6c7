//! What a session can hold comes back as it was.

mod support;

use support::{Browser, builder, store};

/// Draws numbers that only have to look random: SplitMix64.
fn draws() -> impl Iterator<Item = u64> {
    let mut state = 0_u64;
    std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    })
}

#[tokio::test]
async fn floats_come_back_bit_by_bit() {
    let unit = |bits: u64| (bits >> 11) as f64 / (1_u64 << 53) as f64;
    let longitudes: Vec<f64> = draws().map(|bits| unit(bits) * 360.0 - 180.0).take(10_000).collect();
    let doubles: Vec<f64> = draws().map(f64::from_bits).filter(|float| float.is_finite()).take(10_000).collect();
    let singles = draws().map(|bits| f32::from_bits((bits >> 32) as u32));
    let singles: Vec<f32> = singles.filter(|float| float.is_finite()).take(10_000).collect();
    let (builder, _) = builder(store());
    let sessions = builder.max_payload(1 << 20).build().unwrap();
    let mut browser = Browser::default();
    browser
        .request(&sessions, |session| {
            session.insert("longitudes", &longitudes).unwrap();
            session.insert("doubles", &doubles).unwrap();
            session.insert("singles", &singles).unwrap();
            session.insert("ends", [-0.0, f64::MIN_POSITIVE, 5e-324, f64::MAX]).unwrap();
        })
        .await;
    let session = browser.open(&sessions).load().await.unwrap();
    let bits = |floats: &[f64]| floats.iter().map(|float| float.to_bits()).collect::<Vec<_>>();
    let read = |key: &str| bits(&session.get::<Vec<f64>>(key).unwrap().unwrap());
    assert_eq!(read("longitudes"), bits(&longitudes));
    assert_eq!(read("doubles"), bits(&doubles));
    assert_eq!(read("ends"), bits(&[-0.0, f64::MIN_POSITIVE, 5e-324, f64::MAX]));
    let again: Vec<f32> = session.get("singles").unwrap().unwrap();
    assert!(again.iter().zip(&singles).all(|(a, b)| a.to_bits() == b.to_bits()) && again.len() == singles.len());
}
