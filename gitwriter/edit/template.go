package edit

import (
	"bytes"
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// template is what can be read of a Go template line by line. Its documents are
// trees like those of the parser, but hold only lines of the forms KEY: VALUE and
// - VALUE whose value stands there for certain, and the keys above them.
type template struct {
	src     *source
	actions []action
	within  []int  // see branches
	masked  []byte // the data with actions blanked out by a byte that isn't text
	docs    []*yaml.Node
	doc     *yaml.Node
	stack   []frame
	quote   byte // of the quoted value that the lines are in
	// held are the values that an action is part of: they are there to be told of.
	held  map[*yaml.Node]bool
	steps int // of goesOn
	// branch is where a key stands: the action that begins the branch, or -1.
	branch map[*yaml.Node]int
	// passed are the lines that look like a reference and can't be trusted.
	passed []passedLine
}

type passedLine struct {
	offset int
	text   string
	reason string
}

// maskByte stands for the bytes of an action.
const maskByte = 0x01

const (
	whyText   = "it may be part of a text or a value above it"
	whyJoint  = "an action beside it takes the line break away"
	whyTwice  = "the key stands there twice"
	whyGoesOn = "the line below may continue it"
)

// readTemplate reads a template; ok is false where it isn't one, or isn't well-formed.
func readTemplate(data []byte) (t *template, ok bool) {
	if bytes.Contains(data, []byte("{%")) { // another template language
		return nil, false
	}
	actions, ok := scanActions(data)
	if !ok || len(actions) == 0 {
		return nil, false
	}
	t = &template{
		src: &source{data: data}, actions: actions, within: branches(actions), masked: bytes.Clone(data),
		held: map[*yaml.Node]bool{}, branch: map[*yaml.Node]int{},
	}
	for _, a := range actions {
		for i := a.from; i < a.to; i++ {
			if c := data[i]; c != '\n' && c != '\r' {
				t.masked[i] = maskByte
			}
		}
	}
	for _, start := range t.src.lines() {
		t.line(start, t.src.lineEnd(start))
	}
	t.endDocument()
	return t, true
}

// line reads one line into the tree.
func (t *template) line(start, end int) {
	masked := t.masked[start:end]
	switch {
	case t.quote != 0:
		if bytes.IndexByte(masked, t.quote) >= 0 {
			t.quote = 0
		}
		return
	case blankOrComment(bytes.Trim(masked, " \t\x01")):
		return // nothing but actions
	}
	i := start
	for i < end && t.masked[i] == ' ' {
		i++
	}
	if !(joint{t.src.data, t.actions}).fresh(start, i) || t.shifted(i) {
		(&templateLine{t: t, start: start, end: end, at: i}).joined()
		return
	}
	i = start
	if marker := string(masked[:min(len(masked), 3)]); marker == "---" || marker == "..." {
		if len(masked) == 3 || isBlank(masked[3]) {
			t.endDocument()
			i += 3
			for i < end && isBlank(t.masked[i]) {
				i++
			}
			if l := (&templateLine{t: t, start: start, end: end, at: i}); i < end {
				l.value() // the document is this value, or what is below its tag
			}
			return
		}
	}
	for i < end && t.masked[i] == ' ' {
		i++
	}
	if t.masked[i] == '\t' {
		return
	}
	l := &templateLine{t: t, start: start, end: end, at: i}
	l.read()
}

// parseTemplate looks for references in a file that isn't YAML because of its
// actions. The error is the parser's.
func (fd Finder) parseTemplate(f *File, err error) []Problem {
	p := f.syntaxProblem(err)
	if p.Kind != ProblemTemplate || firstBad(f.src.data) >= 0 {
		return []Problem{p}
	}
	t, ok := readTemplate(f.src.data)
	if !ok {
		p.Kind, p.Hint = ProblemSyntax, "it looks like a Go template, and not like a well-formed one"
		return []Problem{p}
	}
	f.template, f.held, f.docs = true, t.held, t.docs
	w := newSurvey(f)
	for _, doc := range f.docs {
		w.noteAll(doc)
	}
	markers, problems := findMarkers(f, w)
	for n := range t.held {
		delete(markers, n) // the marker's tool would replace the action
	}
	problems = append(problems, fd.collect(f, markers)...)
	f.onlyVersions()
	f.distinguish()
	for _, l := range t.passed {
		line, column := f.src.position(l.offset)
		f.opaque = append(f.opaque, f.problem(ProblemTemplate, line, column,
			fmt.Sprintf("%.80q is passed over: %s", l.text, l.reason), ""))
	}
	p.Message, p.Hint = "it is a Go template and no YAML", "only references that stand plainly on their lines are read"
	if len(f.entries) == 0 {
		p.Hint += ", and there are none"
		f.docs = nil
	}
	return append([]Problem{p}, problems...)
}

// onlyVersions drops the images without a version: in a template it may be set elsewhere.
func (f *File) onlyVersions() {
	f.entries = slices.DeleteFunc(f.entries, func(e entry) bool {
		if e.ref.Form != FormImage || e.ref.Tag+e.ref.Digest != "" {
			return false
		}
		f.opaque = append(f.opaque, f.problem(ProblemTemplate, e.ref.Line, e.ref.Column,
			fmt.Sprintf("%s: %.80q is passed over: it names no version", e.ref.Path, e.ref.Image), ""))
		return true
	})
	f.sortEntries()
}

// distinguish gives references at one path paths of their own: the branches of an
// {{ if }} say the same key twice.
func (f *File) distinguish() {
	seen := map[string]int{}
	for i := range f.entries {
		ref := &f.entries[i].ref
		seen[ref.Path]++
		if n := seen[ref.Path]; n > 1 {
			ref.Path = fmt.Sprintf("%s(%d)", ref.Path, n)
		}
	}
}
