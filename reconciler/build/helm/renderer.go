package helm

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"
	"time"

	"github.com/towline-dev/towline/reconciler/build"
)

// renderer executes the templates of one chart once. It does what Helm's engine does, and
// stands in its place because that one can't be stopped: see meter and instrument.
type renderer struct {
	loaded   *loaded
	top      map[string]any // Chart, Release, Capabilities, Values of the root
	meter    *meter
	now      time.Time
	changing map[string]bool // functions that were called whose result is another each time
	names    map[string]any  // of the functions, as the parser wants them
	includes map[string]int  // how often a template is included in itself
	outputs  []*output       // the file's own output, and those of the includes that run
	places   []position      // of the marks
	files    map[string]string
}

// position is a line of a file of the repository.
type position struct {
	file string
	line int
}

// rendered is the text of one template file.
type rendered struct {
	source source
	text   []byte
	marks  []mark

	seen mark // the last offset that was asked for, with its place
	next int  // the first mark after it
}

// mark says that what follows offset in the text came from there.
type mark struct {
	offset int
	from   position
}

// output collects what a template writes, and pays for it.
type output struct {
	bytes.Buffer
	meter *meter
	marks []mark
}

func (o *output) Write(p []byte) (int, error) {
	if o.Len()+len(p) > maxString {
		return 0, o.meter.text(int64(o.Len() + len(p)))
	}
	if err := o.meter.spend(int64(len(p))); err != nil {
		return 0, err
	}
	return o.Buffer.Write(p)
}

func newRenderer(ctx context.Context, l *loaded, top map[string]any, now time.Time) *renderer {
	return &renderer{loaded: l, top: top, meter: newMeter(ctx), now: now, changing: map[string]bool{}, includes: map[string]int{}, files: map[string]string{}}
}

// render executes every template file that isn't a partial.
func (r *renderer) render() (out []rendered, err error) {
	defer func() {
		if p := recover(); p != nil { // a function's library, on input that its authors didn't think of
			err = &build.Error{File: r.loaded.dir, Err: fmt.Errorf("rendering gave up: %v", p)}
		}
	}()
	sources := r.sources()
	root, err := r.parse(sources)
	if err != nil {
		return nil, err
	}
	for _, s := range sources {
		if strings.HasPrefix(path.Base(s.key), "_") || strings.HasSuffix(s.key, "NOTES.txt") {
			continue
		}
		s.scope["Template"] = map[string]any{"Name": s.key, "BasePath": s.base}
		o := &output{meter: r.meter}
		r.outputs, r.meter.depth = []*output{o}, 0
		if err := root.ExecuteTemplate(o, s.key, s.scope); err != nil {
			return nil, r.executionError(s, err)
		}
		out = append(out, rendered{source: s, text: o.Bytes(), marks: o.marks})
	}
	slices.SortFunc(out, func(a, b rendered) int { return strings.Compare(a.source.key, b.source.key) })
	return out, nil
}

func (r *renderer) parse(sources []source) (*template.Template, error) {
	root := template.New("chart").Option("missingkey=zero")
	funcs := r.functions()
	r.names = map[string]any{}
	maps.Copy(r.names, funcs)
	for _, builtin := range []string{"and", "call", "eq", "ge", "gt", "index", "le", "len", "lt", "ne", "not", "or", "include", "tpl"} {
		r.names[builtin] = true
	}
	maps.Copy(funcs, r.instruments())
	maps.Copy(funcs, r.bound(root))
	root.Funcs(funcs)
	for _, s := range sources {
		r.files[s.key] = s.place
		if err := r.add(root, s.key, s.text, r.marker(s)); err != nil {
			return nil, r.parseError(s, err)
		}
	}
	return root, nil
}

// add parses text, instruments what it defines and adds that to t.
func (r *renderer) add(t *template.Template, name, text string, mark func(parse.Pos) int) error {
	if err := checkText(text); err != nil {
		return err
	}
	trees, err := parse.Parse(name, text, "", "", r.names)
	if err != nil {
		return err
	}
	for _, defined := range slices.Sorted(maps.Keys(trees)) {
		tree := trees[defined]
		if !parse.IsEmptyTree(tree.Root) { // an empty one doesn't replace another
			if err := (instrument{mark: mark}).tree(tree); err != nil {
				return err
			}
		}
		if _, err := t.AddParseTree(defined, tree); err != nil {
			return fmt.Errorf("adding template %q: %w", defined, err)
		}
	}
	return nil
}

// marker gives the numbers of places in a file.
func (r *renderer) marker(s source) func(parse.Pos) int {
	at, line := 0, 1
	return func(pos parse.Pos) int {
		if int(pos) < at {
			at, line = 0, 1
		}
		line += strings.Count(s.text[at:pos], "\n")
		at = int(pos)
		r.places = append(r.places, position{file: s.place, line: line})
		return len(r.places) - 1
	}
}

// instruments gives the functions that instrument calls.
func (r *renderer) instruments() template.FuncMap {
	return template.FuncMap{
		enterFunc: func() (string, error) { return "", r.meter.enter() },
		leaveFunc: func() string { r.meter.leave(); return "" },
		roundFunc: func() (string, error) { return "", r.meter.spend(stepPrice) },
		emitFunc:  r.emit,
		payFunc:   r.pay,
		markFunc: func(n int) (string, error) {
			if len(r.outputs) == 1 { // an include's text is moved on by whoever included it
				r.outputs[0].marks = append(r.outputs[0].marks, mark{offset: r.outputs[0].Len(), from: r.places[n]})
			}
			return "", r.meter.spend(stepPrice)
		},
	}
}

// emit pays for what an action is about to print.
func (r *renderer) emit(v reflect.Value) (reflect.Value, error) {
	if v.Kind() == reflect.String {
		return v, r.meter.text(int64(v.Len()))
	}
	_, err := r.meter.value(v)
	return v, err
}

// pay pays for the length of a string, which a comparison or a method is about to see.
func (r *renderer) pay(v reflect.Value) (reflect.Value, error) {
	s := v
	if s.IsValid() && s.Kind() == reflect.Interface {
		s = s.Elem()
	}
	if s.IsValid() && s.Kind() == reflect.String {
		return v, r.meter.spend(int64(s.Len()))
	}
	return v, nil
}

// bound gives the functions that execute templates of t.
func (r *renderer) bound(t *template.Template) template.FuncMap {
	return template.FuncMap{
		"include": func(name string, data any) (string, error) {
			return r.run(t, name, data)
		},
		"tpl": func(text string, data any) (string, error) {
			return r.tpl(t, text, data)
		},
	}
}

func (r *renderer) run(t *template.Template, name string, data any) (string, error) {
	if err := r.meter.enter(); err != nil {
		return "", err
	}
	defer r.meter.leave()
	o := &output{meter: r.meter}
	r.outputs = append(r.outputs, o)
	defer func() { r.outputs = r.outputs[:len(r.outputs)-1] }()
	if err := t.ExecuteTemplate(o, name, data); err != nil {
		return "", err
	}
	return o.String(), nil
}

// noValue is what text/template prints where there is none. Helm takes it away at the end
// and after tpl, but not after include, so that it is part of checksums.
const noValue = "<no value>"

// tplName names what tpl is given, for errors.
const tplName = "text given to tpl"

// tpl executes text as a template that sees all the others; what it defines is gone after it.
func (r *renderer) tpl(parent *template.Template, text string, data any) (string, error) {
	if err := r.meter.text(int64(len(text)) + stepPrice*int64(len(parent.Templates()))); err != nil {
		return "", err
	}
	t, err := parent.Clone()
	if err != nil {
		return "", fmt.Errorf("copying templates: %w", err)
	}
	t.Option("missingkey=zero").Funcs(r.bound(t))
	if err := r.add(t, tplName, text, nil); err != nil {
		return "", err
	}
	if t.Lookup(tplName) == nil {
		return "", nil // nothing but definitions or blanks
	}
	out, err := r.run(t, tplName, data)
	return strings.ReplaceAll(out, noValue, ""), err
}
