import { expect, it } from "vitest";
import { PRESETS, setupOf, withoutParticipant } from "./presets";

const [debate, interview] = PRESETS;

it("keeps who sums it up with another preset, as long as they are there", () => {
  if (!debate || !interview) throw new Error("no presets");
  const setup = setupOf(debate);
  expect(setup.summary_by).toBeNull();
  expect(setupOf(interview, { ...setup, summary_by: 1 }).summary_by).toBe(1);
  expect(setupOf(interview, { ...setup, summary_by: 3 }).summary_by).toBeNull();
});

it.each([
  [2, 0, 1],
  [1, 1, null],
  [0, 2, 0],
  [null, 0, null],
])("who sums it up, %j, is %j without participant %j", (by, index, after) => {
  if (!debate) throw new Error("no presets");
  const setup = setupOf(debate);
  const three = { ...setup, participants: [...setup.participants, ...setup.participants.slice(0, 1)], summary_by: by };
  const left = withoutParticipant(three, index);
  expect(left.participants).toHaveLength(2);
  expect(left.summary_by).toBe(after);
});
