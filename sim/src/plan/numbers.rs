//! Device and function numbers on one bus.

use std::collections::BTreeSet;

use crate::scenario::Problem;

/// What somebody wants to be numbered as.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wish {
    pub device: Option<u8>,
    pub function: Option<u8>,
    /// Everything on the bus is one device, as below a downstream port.
    pub fixed_device: bool,
}

/// What it is numbered as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Slot {
    pub devfn: u8,
    pub multi_function: bool,
}

/// Gives numbers to all on one bus: first to those who ask for a certain one, then to the others in their order; one
/// device each, or eight functions to a device where there are not enough devices.
pub(crate) fn allot(wishes: &[Wish]) -> Result<Vec<Slot>, Problem> {
    let mut taken = BTreeSet::new();
    let mut numbers = vec![None; wishes.len()];
    for (wish, number) in wishes.iter().zip(&mut numbers) {
        if let Some(devfn) = certain(wish)? {
            if !taken.insert(devfn) {
                return Err(Problem::NumberTaken { device: devfn >> 3, function: devfn & 7 });
            }
            *number = Some(devfn);
        }
    }
    let pack = wishes.len() > 32;
    for (wish, number) in wishes.iter().zip(&mut numbers) {
        if number.is_none() {
            let free = free(wish, pack, &taken).ok_or(Problem::NoNumber)?;
            taken.insert(free);
            *number = Some(free);
        }
    }
    if let Some(devfn) = taken.iter().find(|devfn| !taken.contains(&(**devfn & !7))) {
        return Err(Problem::NoFunctionZero(devfn >> 3));
    }
    let multi = |devfn: u8| taken.range(devfn & !7..=devfn | 7).nth(1).is_some();
    Ok(numbers.into_iter().flatten().map(|devfn| Slot { devfn, multi_function: multi(devfn) }).collect())
}

fn certain(wish: &Wish) -> Result<Option<u8>, Problem> {
    let (device, function) = match (wish.device, wish.function) {
        (Some(_), None) if wish.fixed_device => return Ok(None),
        (Some(device), function) => (device, function.unwrap_or(0)),
        (None, Some(function)) if function > 7 => (0, function),
        (None, _) => return Ok(None),
    };
    if device > 31 || function > 7 {
        return Err(Problem::NoSuchNumber { device, function });
    }
    Ok(Some(device << 3 | function))
}

fn free(wish: &Wish, pack: bool, taken: &BTreeSet<u8>) -> Option<u8> {
    let untouched = |devfn: &u8| taken.range(*devfn & !7..=*devfn | 7).next().is_none();
    let available = |devfn: &u8| !taken.contains(devfn);
    match (wish.device, wish.function) {
        (Some(device), _) => (0..8).map(|function| device << 3 | function).find(available),
        (None, Some(function)) => (0..32).map(|device| device << 3 | function).find(available),
        (None, None) if pack => (0..=u8::MAX).find(available),
        (None, None) => (0..32).map(|device| device << 3).find(|devfn| untouched(devfn)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(device: Option<u8>, function: Option<u8>) -> Wish {
        Wish { device, function, fixed_device: false }
    }

    fn devfns(wishes: &[Wish]) -> Result<Vec<u8>, Problem> {
        allot(wishes).map(|slots| slots.iter().map(|slot| slot.devfn).collect())
    }

    #[test]
    fn who_asks_gets_and_the_rest_follows_in_order() {
        let wishes = [wish(None, None), wish(Some(0), None), wish(None, None), wish(Some(2), None)];
        assert_eq!(devfns(&wishes), Ok(vec![1 << 3, 0, 3 << 3, 2 << 3]));
    }

    #[test]
    fn more_than_devices_can_hold_are_packed_as_functions() {
        let slots = allot(&[Wish::default(); 40]).unwrap();
        assert_eq!(slots.last().map(|slot| slot.devfn), Some(39));
        assert!(slots.iter().all(|slot| slot.multi_function));
        assert_eq!(devfns(&[Wish::default(); 257]), Err(Problem::NoNumber));
    }

    #[test]
    fn functions_of_one_device_share_it() {
        let one = Wish { device: Some(0), function: None, fixed_device: true };
        let slots = allot(&[one, one, Wish { function: Some(4), ..one }]).unwrap();
        assert_eq!(slots.iter().map(|slot| slot.devfn).collect::<Vec<_>>(), [0, 1, 4]);
        assert_eq!(allot(&[one; 9]).unwrap_err(), Problem::NoNumber);
        assert!(!allot(&[one]).unwrap()[0].multi_function);
    }

    #[test]
    fn numbers_that_cannot_be_are_refused() {
        let taken = Problem::NumberTaken { device: 3, function: 1 };
        let twice = [wish(Some(3), None), wish(Some(3), Some(1)), wish(Some(3), Some(1))];
        assert_eq!(devfns(&twice), Err(taken));
        assert_eq!(devfns(&[wish(Some(3), Some(1))]), Err(Problem::NoFunctionZero(3)));
        let outside = Problem::NoSuchNumber { device: 32, function: 0 };
        assert_eq!(devfns(&[wish(Some(32), None)]), Err(outside));
        let outside = Problem::NoSuchNumber { device: 0, function: 8 };
        assert_eq!(devfns(&[wish(None, Some(8))]), Err(outside));
    }
}
