import assert from "node:assert/strict";
import { twoWays, journey } from "../browser.js";
import { api, openSchool, requestAt } from "../house.js";

journey("a key that fails is asked about, one question at a time, then reported", twoWays, async (visit) => {
  const school = await openSchool({ keys: 1 });
  const [holder] = school.staff;
  const { key } = await requestAt("handed_over", school, holder);
  const has = await visit(holder);
  await has.open("/ma-clef");
  await has.sees(key.serial);
  await has.follow("Ma clef ne marche plus");
  await has.follow("La connexion refuse mon code");
  await has.follow("Oui, et c'est encore refusé");
  await has.sees("Fermez le navigateur, puis rouvrez-le.");
  await has.follow("C'est toujours refusé");
  await has.press("Signaler ma clef");
  await has.sees(/n'est plus à vous/);
  await has.follow("Demander une autre clef");
  await has.choose("Secrétariat");
  await has.press("Envoyer ma demande");
  await has.sees("Secrétariat");
  assert.equal((await api(school.head, "GET", `/keys/${key.serial}`)).state, "defective");
});

journey("a key that was left at home is noted mislaid, and serves again once it is found", twoWays, async (visit) => {
  const school = await openSchool({ keys: 1 });
  const [holder] = school.staff;
  const { key } = await requestAt("handed_over", school, holder);
  const state = async () => (await api(school.head, "GET", `/keys/${key.serial}`)).state;
  const has = await visit(holder);
  await has.open("/ma-clef");
  await has.follow("Ma clef ne marche plus");
  await has.follow("Je ne trouve plus ma clef");
  await has.follow("Oui, je l'ai laissée chez moi ou quelque part");
  await has.type(/Où pensez-vous/, "Chez moi, sur le bureau.");
  await has.press("Noter ma clef égarée");
  await has.sees(/n'est plus acceptée/);
  assert.equal(await state(), "suspended");
  await has.follow("J'ai retrouvé ma clef");
  await has.type(/Où était-elle/, "Sur le bureau.");
  await has.press("Déclarer ma clef retrouvée");
  await has.sees(/maintenant en service/);
  assert.equal(await state(), "in_service");
});
