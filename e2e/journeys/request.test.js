import assert from "node:assert/strict";
import { ask, decide, handOver, openAnswerMail, serialShown, sign, signInAs } from "../acts.js";
import { everyWay, journey } from "../browser.js";
import { mailTo, openSchool } from "../house.js";

journey("a key, from the wish to the hand", everyWay, async (visit) => {
  const school = await openSchool({ keys: 2 });
  const [requester] = school.staff;

  const asks = await visit();
  await signInAs(asks, requester);
  await ask(asks, { need: "cahier de textes" });
  await asks.sees("cahier de textes");

  const answers = await visit();
  await openAnswerMail(answers, school.head, requester);
  await answers.sees("cahier de textes");
  await decide(answers, "Accepter");
  await answers.sees(/accept/);

  await mailTo(requester, "charte");
  await asks.open("/");
  await asks.follow(/charte/i);
  await sign(asks);
  const serial = await serialShown(asks);
  assert.ok(school.keys.includes(serial));

  const hands = await visit(school.head);
  await hands.open("/");
  await hands.follow(requester.name);
  await handOver(hands, serial);
  await mailTo(requester, serial);

  await asks.open("/");
  await asks.sees(serial);
});
