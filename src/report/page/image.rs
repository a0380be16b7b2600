//! Pictures inside a page: PNG files as `data:` addresses.

use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::report::colour::{heat, heat_share};

/// Shades of heat in a picture: a byte each.
const SHADES: usize = 256;

/// A grey picture of `width` × `height` pixels, the top row first.
pub fn grey([width, height]: [usize; 2], pixels: &[u8]) -> String {
    encoded([width, height], pixels, png::ColorType::Grayscale, None)
}

/// Heat of shades ([`shade`]) to lay over a picture: where nothing is unsure one sees through it.
pub fn heat_layer([width, height]: [usize; 2], shades: &[u8]) -> String {
    let share = |shade: usize| shade as f32 / (SHADES - 1) as f32;
    let colours = (0..SHADES).flat_map(|shade| heat(share(shade))).collect();
    let opaque = (0..SHADES).map(|shade| (heat_share(share(shade)) * 255.0).round() as u8).collect();
    encoded([width, height], shades, png::ColorType::Indexed, Some([colours, opaque]))
}

/// The shade of a share of the largest uncertainty.
pub fn shade(share: f32) -> u8 {
    (share.clamp(0.0, 1.0) * (SHADES - 1) as f32).round() as u8
}

fn encoded(size: [usize; 2], pixels: &[u8], colour: png::ColorType, palette: Option<[Vec<u8>; 2]>) -> String {
    let mut file = Vec::new();
    let [width, height] = size.map(|side| u32::try_from(side).expect("a picture of a part of a CT"));
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(colour);
    encoder.set_depth(png::BitDepth::Eight);
    if let Some([colours, opaque]) = palette {
        encoder.set_palette(colours);
        encoder.set_trns(opaque);
    }
    let mut writer = encoder.write_header().expect("memory takes it");
    writer.write_image_data(pixels).expect("a byte a pixel");
    writer.finish().expect("memory takes it");
    format!("data:image/png;base64,{}", BASE64_STANDARD.encode(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_png_with_a_byte_a_pixel_and_heat_is_clear_where_nothing_is_unsure() {
        let file =
            |address: &str| BASE64_STANDARD.decode(address.strip_prefix("data:image/png;base64,").unwrap()).unwrap();
        let shades = [0, 10, 255, shade(0.5), shade(2.0), shade(-1.0)];
        let bytes = file(&heat_layer([3, 2], &shades));
        let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        let opaque: Vec<u8> = pixels.chunks(4).map(|pixel| pixel[3]).collect();
        assert_eq!(opaque, [0, 30, 230, 230, 230, 0]);
        assert_eq!(pixels[8..11], heat(1.0));
        let bytes = file(&grey([2, 1], &[7, 200]));
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; 2];
        reader.next_frame(&mut pixels).unwrap();
        assert_eq!(pixels, [7, 200]);
    }
}
