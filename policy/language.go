package policy

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
)

// maxEffort bounds the steps of all searches for one file, of which a policy with
// a pattern mostly takes some hundreds. A search that runs out of them tells nothing.
const maxEffort = 300_000

// A demand is that a tag is matched by an expression, or that it isn't.
type demand struct {
	program *syntax.Prog
	matched bool
}

// demandOf compiles an expression that is known to be one.
func demandOf(pattern string, matched bool) (demand, bool) {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return demand{}, false
	}
	program, err := syntax.Compile(tree.Simplify())
	return demand{program, matched}, err == nil
}

// A search walks through all tags at once: from each state to the next by one
// character, as a deterministic automaton does that is made of the programs of
// all expressions together while it runs. The steps are bounded, and so is the
// length of the path, by that of a tag; within these bounds the answer is exact.
type search struct {
	demands []demand
	symbols []byte // one for all that no expression tells apart
	effort  *int
	seen    map[string]bool
}

// A moment is a state of all programs between two characters.
type moment struct {
	threads [][]uint32 // of each program, before empty steps; nil once it has matched
	done    []bool     // which have matched
	last    rune       // the character before, -1 at the start
}

// isEmpty reports whether it is certain that no tag fulfils all demands.
func isEmpty(effort *int, demands ...demand) bool {
	for _, d := range demands {
		*effort -= len(d.program.Inst) // They are looked at for the symbols.
	}
	if *effort <= 0 {
		return false
	}
	s := &search{demands: demands, symbols: symbolsOf(demands), effort: effort, seen: map[string]bool{}}
	at := moment{threads: make([][]uint32, len(demands)), done: make([]bool, len(demands)), last: -1}
	layer := []moment{at}
	for length := 0; length <= maxTag && len(layer) > 0; length++ {
		var next []moment
		for _, at := range layer {
			if length > 0 && s.ends(at) || *effort <= 0 {
				return false
			}
			if length == maxTag {
				continue
			}
			for _, symbol := range s.symbols {
				if length == 0 && (symbol == '.' || symbol == '-') {
					continue
				}
				if then, ok := s.step(at, symbol); ok {
					next = append(next, then)
				}
			}
		}
		layer = next
	}
	return *effort > 0
}

// ends reports whether all demands are fulfilled if the tag ends here.
func (s *search) ends(at moment) bool {
	for i, d := range s.demands {
		matched := at.done[i]
		if !matched {
			_, matched = s.follow(d.program, at.threads[i], at.last, -1)
		}
		if matched != d.matched {
			return false
		}
	}
	return true
}

// step gives the state after one more character; not ok where it was seen before,
// or where a demand can't be fulfilled any more.
func (s *search) step(at moment, symbol byte) (moment, bool) {
	then := moment{threads: make([][]uint32, len(s.demands)), done: slices.Clone(at.done), last: rune(symbol)}
	var key strings.Builder
	for i, d := range s.demands {
		if !then.done[i] {
			var runs []uint32
			if runs, then.done[i] = s.follow(d.program, at.threads[i], at.last, rune(symbol)); !then.done[i] {
				then.threads[i] = advance(d.program, runs, rune(symbol))
			}
		}
		if then.done[i] && !d.matched {
			return then, false
		}
		fmt.Fprintf(&key, "%v%v;", then.done[i], then.threads[i])
	}
	// Of the character before, only this much counts later.
	fmt.Fprint(&key, syntax.IsWordChar(then.last))
	if s.seen[key.String()] {
		return then, false
	}
	s.seen[key.String()] = true
	return then, true
}

// follow takes all empty steps between two characters, those of a match that
// begins here included. It gives the instructions that wait for a character,
// sorted, and whether the program has matched.
func (s *search) follow(program *syntax.Prog, threads []uint32, before, next rune) (waiting []uint32, matched bool) {
	flags := syntax.EmptyOpContext(before, next)
	seen := make(map[uint32]bool, len(threads)+4)
	stack := append(slices.Clone(threads), uint32(program.Start)) // #nosec G115 -- an index of instructions
	for len(stack) > 0 {
		pc := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[pc] {
			continue
		}
		seen[pc] = true
		*s.effort--
		switch inst := &program.Inst[pc]; inst.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			stack = append(stack, inst.Out, inst.Arg)
		case syntax.InstCapture, syntax.InstNop:
			stack = append(stack, inst.Out)
		case syntax.InstEmptyWidth:
			if inst.Arg&^uint32(flags) == 0 {
				stack = append(stack, inst.Out)
			}
		case syntax.InstMatch:
			return nil, true
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			waiting = append(waiting, pc)
		}
	}
	slices.Sort(waiting)
	return waiting, false
}

// advance gives the threads that a character leads to.
func advance(program *syntax.Prog, waiting []uint32, symbol rune) []uint32 {
	threads := []uint32{}
	for _, pc := range waiting {
		if inst := &program.Inst[pc]; takes(inst, symbol) {
			threads = append(threads, inst.Out)
		}
	}
	slices.Sort(threads)
	return slices.Compact(threads)
}

func takes(inst *syntax.Inst, symbol rune) bool {
	switch inst.Op {
	case syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
		return true
	case syntax.InstRune, syntax.InstRune1:
		return inst.MatchRune(symbol)
	}
	return false
}

// symbolsOf gives one character for each set of a tag's characters that no
// expression, and no rule for tags, tells apart.
func symbolsOf(demands []demand) []byte {
	var symbols []byte
	known := map[string]bool{}
	for c := byte('-'); c <= 'z'; c++ {
		if !isTagByte(c) {
			continue
		}
		var key strings.Builder
		fmt.Fprint(&key, syntax.IsWordChar(rune(c)), c == '.' || c == '-')
		for _, d := range demands {
			for i := range d.program.Inst {
				if takes(&d.program.Inst[i], rune(c)) {
					key.WriteByte('1')
				} else {
					key.WriteByte('0')
				}
			}
		}
		if !known[key.String()] {
			known[key.String()] = true
			symbols = append(symbols, c)
		}
	}
	return symbols
}
