/** The environment of the programs that a quick start runs: whatever else this one has, no setting of Mezite but these. */
export const programEnvironment = (
  inherited: Readonly<Record<string, string | undefined>>,
  settings: Readonly<Record<string, string>>,
): Record<string, string | undefined> => ({
  ...Object.fromEntries(Object.entries(inherited).filter(([name]) => !name.startsWith("MEZITE_"))),
  ...settings,
})
