//! Deterministic mutations of bytes and of JSON: the input of a number is the same on every machine.

use serde_json::{Value, json};

/// Words that readers stumble over, put in place of numbers in text.
const WORDS: [&str; 18] = [
    "0",
    "-1",
    "1e999",
    "-1e999",
    "1e308",
    "1e-320",
    "NaN",
    "Infinity",
    "-nan",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "99999999999999999999999999",
    "2147483648 2147483648 2147483648",
    "",
    "%d",
    "../../etc/passwd",
    "\u{0}",
];
/// Bytes at the ends of their ranges.
const BYTES: [u8; 8] = [0, 1, 0x7f, 0x80, 0xff, b'\n', b'"', b'\\'];

/// Number of values in `value`, itself included.
fn count(value: &Value) -> usize {
    let inner: usize = match value {
        Value::Object(map) => map.values().map(count).sum(),
        Value::Array(list) => list.iter().map(count).sum(),
        _ => 0,
    };
    1 + inner
}

/// The value of number `at`, from `value` itself on, depth first.
fn nth<'a>(value: &'a mut Value, at: &mut usize) -> Option<&'a mut Value> {
    if *at == 0 {
        return Some(value);
    }
    *at -= 1;
    match value {
        Value::Object(map) => map.values_mut().find_map(|inner| nth(inner, at)),
        Value::Array(list) => list.iter_mut().find_map(|inner| nth(inner, at)),
        _ => None,
    }
}

/// Draws from a small generator (splitmix64, Steele et al. 2014).
pub struct Mutator(u64);

impl Mutator {
    pub fn new(number: u64) -> Self {
        Mutator(number)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    fn one_of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    /// One of `seeds` with one to four changes; as JSON every other time, where it is.
    pub fn mutate(mut self, seeds: &[Vec<u8>], is_json: bool) -> Vec<u8> {
        let at = self.below(seeds.len());
        let mut input = seeds[at].clone();
        let as_json = is_json && self.below(2) == 0;
        for _ in 0..=self.below(4) {
            input = if as_json { self.change_json(&input, seeds) } else { self.change_bytes(input, seeds) };
        }
        input
    }

    fn change_bytes(&mut self, mut input: Vec<u8>, seeds: &[Vec<u8>]) -> Vec<u8> {
        if input.is_empty() {
            return vec![self.one_of(&BYTES)];
        }
        // Headers are small and in front: half of the changes are there.
        let reach = if self.below(2) == 0 { input.len().min(400) } else { input.len() };
        let at = self.below(reach);
        let end = (at + 1 + self.below(16)).min(input.len());
        match self.below(9) {
            0 => input[at] ^= 1 << self.below(8),
            1 => input[at] = self.one_of(&BYTES),
            2 => input.truncate(at),
            3 => drop(input.drain(at..end)),
            4 => {
                let copy = input[at..end].to_vec();
                input.splice(at..at, copy);
            }
            5 => input[at..end].fill(self.one_of(&BYTES)),
            6 => {
                let number = self.next() >> self.below(64);
                let bytes = number.to_le_bytes();
                let count = bytes.len().min(input.len() - at);
                input[at..at + count].copy_from_slice(&bytes[..count]);
            }
            7 => return self.change_number(input, at),
            _ => {
                let other = self.below(seeds.len());
                let from = self.below(seeds[other].len());
                input.truncate(at);
                input.extend(&seeds[other][from..]);
            }
        }
        input
    }

    /// The first number in the text behind `at` becomes a word.
    fn change_number(&mut self, mut input: Vec<u8>, at: usize) -> Vec<u8> {
        let is_number = |byte: &u8| byte.is_ascii_digit() || b"+-.".contains(byte);
        if let Some(start) = input[at..].iter().position(is_number).map(|n| at + n) {
            let end = input[start..].iter().position(|byte| !is_number(byte)).map_or(input.len(), |n| start + n);
            input.splice(start..end, self.one_of(&WORDS).bytes());
        }
        input
    }

    /// Some value of a JSON text becomes another, vanishes, or gets company: near the root, or at any depth with the same odds.
    fn change_json(&mut self, input: &[u8], seeds: &[Vec<u8>]) -> Vec<u8> {
        let Ok(mut whole) = serde_json::from_slice::<Value>(input) else { return input.to_vec() };
        match self.below(4) {
            0 => self.change_value(&mut whole),
            1 => {
                let other = serde_json::from_slice(&seeds[self.below(seeds.len())]).unwrap_or_default();
                let part = self.some_value(&mut { other }).clone();
                *self.some_value(&mut whole) = part;
            }
            _ => {
                let mut at = self.below(count(&whole));
                self.change_value(nth(&mut whole, &mut at).expect("there are more"));
            }
        }
        whole.to_string().into_bytes()
    }

    /// Any value of `whole`, itself included.
    fn some_value<'a>(&mut self, whole: &'a mut Value) -> &'a mut Value {
        let mut at = self.below(count(whole));
        nth(whole, &mut at).expect("there are more")
    }

    fn change_value(&mut self, value: &mut Value) {
        let inner = match value {
            Value::Object(map) if !map.is_empty() && self.below(8) > 0 => {
                let key = map.keys().nth(self.below(map.len())).cloned().unwrap_or_default();
                match self.below(8) {
                    0 => drop(map.remove(&key)),
                    1 => drop(map.insert(format!("{key}_"), json!(1))),
                    _ => return self.change_value(&mut map[&key]),
                }
                return;
            }
            Value::Array(list) if !list.is_empty() && self.below(8) > 0 => {
                let at = self.below(list.len());
                match self.below(8) {
                    0 => drop(list.remove(at)),
                    1 => list.extend(std::iter::repeat_n(list[at].clone(), 300)),
                    _ => return self.change_value(&mut list[at]),
                }
                return;
            }
            other => other,
        };
        *inner = self.odd_value();
    }

    fn odd_value(&mut self) -> Value {
        match self.below(6) {
            0 => json!(self.next()),
            1 => json!(-(self.below(1 << 40) as i64)),
            2 => json!(f64::from_bits(self.next())), // NaN and infinity become null
            3 => json!(self.one_of(&WORDS)),
            4 => (0..self.below(140)).fold(json!([]), |inner, _| json!([inner])),
            _ => self.one_of(&[json!(null), json!(true), json!({}), json!([1, 2, 3]), json!(1e9)].each_ref()).clone(),
        }
    }
}
