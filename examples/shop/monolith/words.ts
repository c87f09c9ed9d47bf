import type { Random } from './random.ts';

const split = (words: string): readonly string[] => words.split(' ');

const firstNames = split(
  'Ada Amir Anna Bela Carlos Dana Eike Emil Farah Greta Hugo Ines Jan Kenji Lena Mara Noor Olga Pavel Rosa Sven Tara Uwe Vera Yusuf Zoe',
);
const lastNames = split(
  'Ackermann Berg Costa Dubois Eriksen Fischer Garcia Haddad Ivanova Jansen Kowalski Lindqvist Moreau Novak Okafor Petrov Quist Rossi Sato Tanaka Ueda Vogel Weber Yilmaz Zhang',
);
const streets = split(
  'Hauptstrasse Ringweg Parkallee Marktplatz Lindenweg Seestrasse Kirchgasse Bahnhofstrasse',
);
const cities = split('Berlin Hamburg Wien Bern Lyon Gent Porto Aarhus Krakau Turin');
export const countries = split('DE AT CH FR BE PT DK PL IT');
const materials = split('Oak Steel Linen Wool Cork Copper Glass Slate Bamboo Leather');
const things = split('Lamp Chair Kettle Blanket Clock Shelf Vase Stool Mirror Basket Table Bowl');
const colours = split('black white sand moss rust navy');
const adjectives = split('sturdy light foldable handmade quiet durable compact');
const prose = split(
  'the a of and with for in every day made by hand from finished edges stands firm while its surface ages well and asks little care beyond dry cloth weighs less than it looks comes flat packed fits small rooms',
);

export const personName = (random: Random): string => `${random.pick(firstNames)} ${random.pick(lastNames)}`;

/** A product's name, its colour and key words. */
export function productWords(random: Random): { name: string; colour: string; keywords: string[] } {
  const material = random.pick(materials);
  const thing = random.pick(things);
  const colour = random.pick(colours);
  return {
    name: `${material} ${thing} ${String(random.between(1, 900))}`,
    colour,
    keywords: [material.toLowerCase(), thing.toLowerCase(), ...random.some(adjectives, 2)],
  };
}

export function addressWords(random: Random): {
  street: string;
  postcode: string;
  city: string;
  country: string;
} {
  return {
    street: `${random.pick(streets)} ${String(random.between(1, 199))}`,
    postcode: String(random.between(10_000, 99_999)),
    city: random.pick(cities),
    country: random.pick(countries),
  };
}

/** Running text of about that many characters. */
export function paragraph(random: Random, length: number): string {
  const words: string[] = [];
  for (let size = 0; size < length; size += (words.at(-1)?.length ?? 0) + 1) words.push(random.pick(prose));
  return words.join(' ');
}
