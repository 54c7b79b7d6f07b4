/** The `.rec` format: writing, reading, sealing, verifying and encrypting recordings. See docs/recording-format.md. */
export { AgreedCipher } from "./AgreedCipher.ts"
export { CommandJoiner } from "./CommandJoiner.ts"
export { type CommandPart, decodeCommands, encodeCommands } from "./CommandPayload.ts"
export { compressFrame, inflatePayload } from "./Compression.ts"
export { decodeConnections, encodeConnections } from "./ConnectionPayload.ts"
export { AUTH_TAG_BYTES, type Encryption, type KeyScheme, NONCE_BYTES, payloadOverhead } from "./Encryption.ts"
export { decodeEnd, encodeEndEntry, type Keyframe, type RecordingEnd, type SeekPoint } from "./End.ts"
export { type Entry, type EntryKind, encodeEntry, splitEntries } from "./Entry.ts"
export { EntryReader, type EntryReaderOptions, type RecordingEntry } from "./EntryReader.ts"
export { EntrySplitter, MAGIC } from "./EntrySplitter.ts"
export { decodeFiles, encodeFiles } from "./FilePayload.ts"
export { FrameCipher } from "./FrameCipher.ts"
export { decodeGap, decodeResize, encodeGap, encodeResize, type Gap, type Resize } from "./FramePayload.ts"
export { decodeHeader, encodeHeaderEntry, FORMAT_VERSION, type RecordingHeader } from "./Header.ts"
export { KeyRing } from "./KeyRing.ts"
export { KeyShare } from "./KeyShare.ts"
export { Limits } from "./Limits.ts"
export { MasterKey } from "./MasterKey.ts"
export type { PayloadDecryption } from "./PayloadDecryption.ts"
export type { Progress, SealedPoint } from "./Progress.ts"
export type { PullParser } from "./PullParser.ts"
export { bytesFrom, framesFrom, locateEnd, pointBefore, type RandomAccess, readHeader } from "./RandomAccess.ts"
export { type Addressed, RecipientKey } from "./RecipientKey.ts"
export { RecordingError, RecordingErrorKind } from "./RecordingError.ts"
export { openFrame, type RecordingEvent, RecordingReader, type RecordingReaderOptions } from "./RecordingReader.ts"
export { RecordingScanner, type ScannedRecording } from "./RecordingScanner.ts"
export { readEntries, readFrames, readRecording } from "./RecordingStream.ts"
export { RecordingVerifier, type Verification } from "./RecordingVerifier.ts"
export { type FinishOptions, RecordingWriter, type RecordingWriterOptions } from "./RecordingWriter.ts"
export { scanRecording } from "./ScanRecording.ts"
export { decodeSealEntry, encodeSealEntry, SEAL_ENTRY_BYTES, type Seal, sealMessage } from "./Seal.ts"
export { SigningKey } from "./SigningKey.ts"
export { RecordingKeyError, VerifyingKey } from "./VerifyingKey.ts"
export { verifyRecording } from "./VerifyRecording.ts"
export {
  checkFrame,
  decodeFrame,
  encodeFrameEntry,
  type FrameForm,
  type WireFrame,
  wireFrame,
} from "./WireFrame.ts"
