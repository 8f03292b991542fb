//! CityHash64, version 1.0, by Geoff Pike and Jyrki Alakuijala: CatBoost knows categories by it.
//!
//! Later versions of CityHash give other values for short texts.

const K0: u64 = 0xc3a5_c85c_97cb_3127;
const K1: u64 = 0xb492_b66f_be98_f273;
const K2: u64 = 0x9ae1_6a3b_2f90_404f;
const K3: u64 = 0xc949_d7c7_509e_6557;

/// The hash by which CatBoost knows a category: the lower half of CityHash64.
#[allow(clippy::cast_possible_truncation, reason = "the lower half is what is asked for")]
pub(super) fn category_hash(text: &str) -> u32 {
    city_hash_64(text.as_bytes()) as u32
}

/// Combines hashes of several categories, in order.
pub(super) fn combine(a: u64, b: u64) -> u64 {
    const MAGIC: u64 = 0x4906_ba49_4954_cb65;
    MAGIC.wrapping_mul(a.wrapping_add(MAGIC.wrapping_mul(b)))
}

fn city_hash_64(s: &[u8]) -> u64 {
    match s.len() {
        0..=16 => up_to_16(s),
        17..=32 => up_to_32(s),
        33..=64 => up_to_64(s),
        _ => longer(s),
    }
}

/// Eight bytes from `at`, little-endian; what lies beyond the end counts as zero.
fn word(s: &[u8], at: usize) -> u64 {
    let bytes = s.get(at..).and_then(|rest| rest.first_chunk::<8>());
    bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

fn half(s: &[u8], at: usize) -> u64 {
    let bytes = s.get(at..).and_then(|rest| rest.first_chunk::<4>());
    bytes.map_or(0, |bytes| u64::from(u32::from_le_bytes(*bytes)))
}

fn mix(x: u64) -> u64 {
    x ^ (x >> 47)
}

/// Murmur-inspired hash of two words.
fn pair(u: u64, v: u64) -> u64 {
    const MUL: u64 = 0x9ddf_ea08_eb38_2d69;
    let a = mix((u ^ v).wrapping_mul(MUL));
    mix((v ^ a).wrapping_mul(MUL)).wrapping_mul(MUL)
}

fn up_to_16(s: &[u8]) -> u64 {
    let n = s.len();
    let len = n as u64;
    if n > 8 {
        let (a, b) = (word(s, 0), word(s, n - 8));
        return pair(a, b.wrapping_add(len).rotate_right(u32::try_from(n).unwrap_or(0))) ^ b;
    }
    if n >= 4 {
        return pair(len.wrapping_add(half(s, 0) << 3), half(s, n - 4));
    }
    let byte = |at: usize| s.get(at).map_or(0, |b| u32::from(*b));
    if n > 0 {
        let y = byte(0).wrapping_add(byte(n >> 1) << 8);
        let z = u32::try_from(n).unwrap_or(0).wrapping_add(byte(n - 1) << 2);
        return mix(u64::from(y).wrapping_mul(K2) ^ u64::from(z).wrapping_mul(K3)).wrapping_mul(K2);
    }
    K2
}

fn up_to_32(s: &[u8]) -> u64 {
    let n = s.len();
    let a = word(s, 0).wrapping_mul(K1);
    let b = word(s, 8);
    let c = word(s, n - 8).wrapping_mul(K2);
    let d = word(s, n - 16).wrapping_mul(K0);
    let u = a.wrapping_sub(b).rotate_right(43).wrapping_add(c.rotate_right(30)).wrapping_add(d);
    let v = a.wrapping_add((b ^ K3).rotate_right(20)).wrapping_sub(c).wrapping_add(n as u64);
    pair(u, v)
}

fn up_to_64(s: &[u8]) -> u64 {
    let n = s.len();
    // Both ends are stirred in the same way.
    let stir = |start: u64, words: [u64; 2], z: u64| {
        let mut a = start;
        let b = a.wrapping_add(z).rotate_right(52);
        let mut c = a.rotate_right(37);
        a = a.wrapping_add(words[0]);
        c = c.wrapping_add(a.rotate_right(7));
        a = a.wrapping_add(words[1]);
        (a.wrapping_add(z), b.wrapping_add(a.rotate_right(31)).wrapping_add(c))
    };
    let start = word(s, 0).wrapping_add((n as u64).wrapping_add(word(s, n - 16)).wrapping_mul(K0));
    let (vf, vs) = stir(start, [word(s, 8), word(s, 16)], word(s, 24));
    let start = word(s, 16).wrapping_add(word(s, n - 32));
    let (wf, ws) = stir(start, [word(s, n - 24), word(s, n - 16)], word(s, n - 8));
    let r = mix(vf.wrapping_add(ws).wrapping_mul(K2).wrapping_add(wf.wrapping_add(vs).wrapping_mul(K0)));
    mix(r.wrapping_mul(K0).wrapping_add(vs)).wrapping_mul(K2)
}

/// Weak hash of 32 bytes with two seeds.
fn weak(s: &[u8], at: usize, a: u64, b: u64) -> (u64, u64) {
    let (w, x, y, z) = (word(s, at), word(s, at + 8), word(s, at + 16), word(s, at + 24));
    let a = a.wrapping_add(w);
    let b = b.wrapping_add(a).wrapping_add(z).rotate_right(21);
    let c = a;
    let a = a.wrapping_add(x).wrapping_add(y);
    let b = b.wrapping_add(a.rotate_right(44));
    (a.wrapping_add(z), b.wrapping_add(c))
}

fn longer(s: &[u8]) -> u64 {
    let n = s.len();
    let len = n as u64;
    let mut x = word(s, 0);
    let mut y = word(s, n - 16) ^ K1;
    let mut z = word(s, n - 56) ^ K0;
    let mut v = weak(s, n - 64, len, y);
    let mut w = weak(s, n - 32, len.wrapping_mul(K1), K0);
    z = z.wrapping_add(mix(v.1).wrapping_mul(K1));
    x = z.wrapping_add(x).rotate_right(39).wrapping_mul(K1);
    y = y.rotate_right(33).wrapping_mul(K1);
    for at in (0..(n - 1) & !63).step_by(64) {
        x = x.wrapping_add(y).wrapping_add(v.0).wrapping_add(word(s, at + 16)).rotate_right(37).wrapping_mul(K1);
        y = y.wrapping_add(v.1).wrapping_add(word(s, at + 48)).rotate_right(42).wrapping_mul(K1);
        x ^= w.1;
        y ^= v.0;
        z = (z ^ w.0).rotate_right(33);
        v = weak(s, at, v.1.wrapping_mul(K1), x.wrapping_add(w.0));
        w = weak(s, at + 32, z.wrapping_add(w.1), y);
        std::mem::swap(&mut z, &mut x);
    }
    let first = pair(v.0, w.0).wrapping_add(mix(y).wrapping_mul(K1)).wrapping_add(z);
    pair(first, pair(v.1, w.1).wrapping_add(x))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the `cat_features_hash` tables of CatBoost 1.2.10 models.
    #[test]
    fn hashes_of_catboost() {
        for (text, hash) in [
            ("mar", 3_269_511_968),
            ("success", 3_353_094_771),
            ("may", 4_039_899_883),
            ("basic.4y", 3_832_063_563),
            ("yes", 3_569_694_483),
            ("Never-worked", 2_406_690_669),
        ] {
            assert_eq!(category_hash(text), hash, "{text}");
        }
    }
}
