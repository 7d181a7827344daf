/** What instructions of a reading program do to registers, and which of them work on a cursor (https://sqlite.org/opcode.html). */

import type { Instruction } from "./bytecode.ts";

const words = (text: string): readonly string[] => text.split(/\s+/);

/** Those that write the register in `p2`. */
const WRITING_P2 = new Set(
  words(
    `Integer Int64 Real String String8 Blob Variable SCopy IntCopy Not BitNot IsTrue ZeroOrNull Count ReadCookie Sequence NewRowid
     Rowid IdxRowid RowData SorterData Param BeginSubrtn GetSubtype SetSubtype OffsetLimit`,
  ),
);

/** Those that write the register in `p3`. */
const WRITING_P3 = new Set(
  words(
    `Column Function PureFunc Add Subtract Multiply Divide Remainder Concat BitAnd BitOr ShiftLeft ShiftRight And Or MakeRecord
     RowSetRead IfNullRow AggStep AggStep1 AggInverse AggValue VColumn`,
  ),
);

/** Those that write the register in `p1`. */
const WRITING_P1 = new Set(
  words(
    `Gosub InitCoroutine Yield AddImm IfPos IfNotZero DecrJumpZero MemMax RealAffinity Cast AggFinal MustBeInt ClrSubtype CollSeq
     SoftNull RowSetAdd RowSetTest FilterAdd`,
  ),
);

/** Those that write none. `Affinity` gives a value the type of its column, which leaves it equal to what it was. */
const WRITING_NONE = new Set(
  words(
    `Init Goto Jump If IfNot IsType Halt HaltIfNull Return EndCoroutine ResultRow Permutation Compare Eq Ne Lt Le Gt Ge ElseEq IsNull
     NotNull Affinity OpenRead ReopenIdx OpenDup OpenEphemeral OpenAutoindex SorterOpen OpenPseudo Close ColumnsUsed SeekLT SeekLE
     SeekGE SeekGT SeekHit SeekRowid NotExists NotFound Found IfNotOpen IfNoHope Last IfEmpty IfSizeBetween SorterSort Sort Rewind
     SorterNext Prev Next IdxInsert SorterInsert SorterCompare Insert Delete IdxDelete DeferredSeek FinishSeek IdxLE IdxGT IdxLT
     IdxGE NullRow ResetSorter Filter Once Noop Explain Trace Transaction TableLock Expire VOpen VFilter VNext CursorHint ReleaseReg
     SequenceTest`,
  ),
);

/** Those whose `p1` is a cursor, as far as such a cursor may be on a table or an index. */
const ON_CURSOR = new Set(
  words(
    `OpenRead ReopenIdx Close ColumnsUsed CursorHint SeekLT SeekLE SeekGE SeekGT SeekHit SeekRowid NotExists NotFound Found IfNotOpen
     IfNoHope Last IfEmpty IfSizeBetween Sort Rewind Prev Next DeferredSeek FinishSeek IdxLE IdxGT IdxLT IdxGE NullRow Column Rowid
     IdxRowid RowData Count Offset Sequence IfNullRow`,
  ),
);

/** The registers that an instruction writes, as the first and how many; undefined for one that is not known. */
export function registersWritten({
  opcode,
  p1,
  p2,
  p3,
}: Instruction): readonly (readonly [first: number, count: number])[] | undefined {
  if (opcode === "Null") return [[p2, Math.max(p3 - p2, 0) + 1]];
  if (opcode === "Copy") return [[p2, p3 + 1]];
  if (opcode === "Move")
    return [
      [p1, p3],
      [p2, p3],
    ];
  if (WRITING_P2.has(opcode)) return [[p2, 1]];
  if (WRITING_P3.has(opcode)) return [[p3, 1]];
  if (WRITING_P1.has(opcode)) return [[p1, 1]];
  return WRITING_NONE.has(opcode) ? [] : undefined;
}

/** Whether an instruction works on a cursor. */
export function isOnCursor({ opcode, p1, p3 }: Instruction, cursor: number): boolean {
  return (ON_CURSOR.has(opcode) && p1 === cursor) || (opcode === "DeferredSeek" && p3 === cursor);
}
