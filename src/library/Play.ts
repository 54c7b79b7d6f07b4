/** Playing recordings, and turning them into other forms. */
export { KeyBuffer } from "../play/KeyBuffer.ts"
export { OutputLost } from "../play/OutputLost.ts"
export { type Playback, type PlaybackEnd, play } from "../play/Player.ts"
export { type PlayerKey, PlayerKeys } from "../play/PlayerKeys.ts"
export type { PlayerScreen } from "../play/PlayerScreen.ts"
export { ExportFormat, type SessionExport, sessionExport } from "../play/SessionExport.ts"
export type { TimelineOptions } from "../play/Timeline.ts"
