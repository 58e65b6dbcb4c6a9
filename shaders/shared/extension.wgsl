// The extension F_p[x] / (x^5 + x^2 - 1) of KoalaBear, lowest coefficient first; all words in Montgomery form, 0..p-1.
// x^5 = 1 - x^2, x^6 = x - x^3, x^7 = x^2 - x^4, x^8 = x^3 + x^2 - 1.
// Source: docs/spec/proof-system.md, section 1.
#import field
#import extensionConstants

struct Extension {
  c0: u32,
  c1: u32,
  c2: u32,
  c3: u32,
  c4: u32,
}

const EXTENSION_DEGREE = 5u;
const EXTENSION_ZERO = Extension(0u, 0u, 0u, 0u, 0u);
const EXTENSION_ONE = Extension(FIELD_ONE, 0u, 0u, 0u, 0u);

fn extensionFromBase(value: u32) -> Extension {
  return Extension(value, 0u, 0u, 0u, 0u);
}

fn extensionAdd(left: Extension, right: Extension) -> Extension {
  return Extension(
    fieldAdd(left.c0, right.c0),
    fieldAdd(left.c1, right.c1),
    fieldAdd(left.c2, right.c2),
    fieldAdd(left.c3, right.c3),
    fieldAdd(left.c4, right.c4),
  );
}

fn extensionSubtract(left: Extension, right: Extension) -> Extension {
  return Extension(
    fieldSubtract(left.c0, right.c0),
    fieldSubtract(left.c1, right.c1),
    fieldSubtract(left.c2, right.c2),
    fieldSubtract(left.c3, right.c3),
    fieldSubtract(left.c4, right.c4),
  );
}

fn extensionNegate(value: Extension) -> Extension {
  return Extension(
    fieldNegate(value.c0),
    fieldNegate(value.c1),
    fieldNegate(value.c2),
    fieldNegate(value.c3),
    fieldNegate(value.c4),
  );
}

fn extensionAddBase(left: Extension, right: u32) -> Extension {
  return Extension(fieldAdd(left.c0, right), left.c1, left.c2, left.c3, left.c4);
}

fn extensionSubtractBase(left: Extension, right: u32) -> Extension {
  return Extension(fieldSubtract(left.c0, right), left.c1, left.c2, left.c3, left.c4);
}

fn extensionMultiplyBase(left: Extension, right: u32) -> Extension {
  return Extension(
    fieldMultiply(left.c0, right),
    fieldMultiply(left.c1, right),
    fieldMultiply(left.c2, right),
    fieldMultiply(left.c3, right),
    fieldMultiply(left.c4, right),
  );
}

/// Words 0..4 of the product of polynomials, given all nine coefficients of the unreduced product.
fn extensionReduce(
  p0: u32, p1: u32, p2: u32, p3: u32, p4: u32, p5: u32, p6: u32, p7: u32, p8: u32,
) -> Extension {
  return Extension(
    fieldSubtract(fieldAdd(p0, p5), p8),
    fieldAdd(p1, p6),
    fieldAdd(fieldSubtract(fieldAdd(p2, p7), p5), p8),
    fieldAdd(fieldSubtract(p3, p6), p8),
    fieldSubtract(p4, p7),
  );
}

/// 25 products with 9 reductions.
fn extensionMultiply(left: Extension, right: Extension) -> Extension {
  let p0 = fieldMultiply(left.c0, right.c0);
  let p1 = fieldReduceProducts(
    fieldAddProduct(fieldProduct(left.c0, right.c1), fieldProduct(left.c1, right.c0)),
  );
  let p2 = fieldReduceProducts(
    fieldAddProduct(
      fieldAddProduct(fieldProduct(left.c0, right.c2), fieldProduct(left.c1, right.c1)),
      fieldProduct(left.c2, right.c0),
    ),
  );
  let p3 = fieldDot4(
    vec4<u32>(left.c0, left.c1, left.c2, left.c3),
    vec4<u32>(right.c3, right.c2, right.c1, right.c0),
  );
  let p4 = fieldAdd(
    fieldDot4(
      vec4<u32>(left.c0, left.c1, left.c2, left.c3),
      vec4<u32>(right.c4, right.c3, right.c2, right.c1),
    ),
    fieldMultiply(left.c4, right.c0),
  );
  let p5 = fieldDot4(
    vec4<u32>(left.c1, left.c2, left.c3, left.c4),
    vec4<u32>(right.c4, right.c3, right.c2, right.c1),
  );
  let p6 = fieldReduceProducts(
    fieldAddProduct(
      fieldAddProduct(fieldProduct(left.c2, right.c4), fieldProduct(left.c3, right.c3)),
      fieldProduct(left.c4, right.c2),
    ),
  );
  let p7 = fieldReduceProducts(
    fieldAddProduct(fieldProduct(left.c3, right.c4), fieldProduct(left.c4, right.c3)),
  );
  let p8 = fieldMultiply(left.c4, right.c4);
  return extensionReduce(p0, p1, p2, p3, p4, p5, p6, p7, p8);
}

fn extensionSquare(value: Extension) -> Extension {
  let twice0 = fieldAdd(value.c0, value.c0);
  let twice1 = fieldAdd(value.c1, value.c1);
  let twice2 = fieldAdd(value.c2, value.c2);
  let twice3 = fieldAdd(value.c3, value.c3);
  let p0 = fieldSquare(value.c0);
  let p1 = fieldMultiply(twice0, value.c1);
  let p2 = fieldAdd(fieldMultiply(twice0, value.c2), fieldSquare(value.c1));
  let p3 = fieldAdd(fieldMultiply(twice0, value.c3), fieldMultiply(twice1, value.c2));
  let p4 = fieldAdd(
    fieldAdd(fieldMultiply(twice0, value.c4), fieldMultiply(twice1, value.c3)),
    fieldSquare(value.c2),
  );
  let p5 = fieldAdd(fieldMultiply(twice1, value.c4), fieldMultiply(twice2, value.c3));
  let p6 = fieldAdd(fieldMultiply(twice2, value.c4), fieldSquare(value.c3));
  let p7 = fieldMultiply(twice3, value.c4);
  let p8 = fieldSquare(value.c4);
  return extensionReduce(p0, p1, p2, p3, p4, p5, p6, p7, p8);
}

/// value^exponent; the exponent is an integer, not a field element.
fn extensionPower(value: Extension, exponent: u32) -> Extension {
  var power = EXTENSION_ONE;
  var square = value;
  for (var rest = exponent; rest != 0u; rest = rest >> 1u) {
    if ((rest & 1u) == 1u) {
      power = extensionMultiply(power, square);
    }
    square = extensionSquare(square);
  }
  return power;
}

/// value^p when `first` is 0 and value^(p^2) when it is 4: base coefficients times the images of x, x^2, x^3, x^4.
fn extensionFrobenius(value: Extension, first: u32) -> Extension {
  var image = extensionFromBase(value.c0);
  var coefficients = array<u32, 4>(value.c1, value.c2, value.c3, value.c4);
  for (var index = 0u; index < 4u; index += 1u) {
    let power = EXTENSION_FROBENIUS[first + index];
    let imageOfPower = Extension(power[0], power[1], power[2], power[3], power[4]);
    image = extensionAdd(image, extensionMultiplyBase(imageOfPower, coefficients[index]));
  }
  return image;
}

/// 1 / value, and 0 for 0. value^(p + p^2 + p^3 + p^4) is the inverse times the norm, which lies in the base field.
fn extensionInverse(value: Extension) -> Extension {
  let first = extensionFrobenius(value, 0u);
  let firstAndSecond = extensionMultiply(first, extensionFrobenius(first, 0u));
  let conjugates = extensionMultiply(firstAndSecond, extensionFrobenius(firstAndSecond, 4u));
  let norm = fieldSubtract(
    fieldAdd(
      fieldMultiply(value.c0, conjugates.c0),
      fieldAdd(
        fieldAdd(fieldMultiply(value.c1, conjugates.c4), fieldMultiply(value.c2, conjugates.c3)),
        fieldAdd(fieldMultiply(value.c3, conjugates.c2), fieldMultiply(value.c4, conjugates.c1)),
      ),
    ),
    fieldMultiply(value.c4, conjugates.c4),
  );
  return extensionMultiplyBase(conjugates, fieldInverse(norm));
}
