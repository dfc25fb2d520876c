package gitwriter

import (
	"errors"
	"fmt"
	"strings"
	"text/template"
	"text/template/parse"
)

const (
	maxTemplate = 4096    // bytes of a template, as policy.ParseUpdateConfig has it
	maxValue    = 8 << 10 // bytes of what a template's function gives
	// maxSteps bounds the work of a template, which text/template can't be stopped in:
	// a step is some 100 ns. Ten thousand changes with a line each take a tenth of it.
	maxSteps = 1 << 20
	// callSteps is what one template costs that calls another or itself, beside what it
	// does: the depth is bounded by it, too.
	callSteps = 100
)

// kind is what a template is for.
type kind struct {
	name  string // of the template
	what  string // it gives
	limit int    // bytes of it
	empty bool
	// escape makes text of what its actions give, so that values from outside are no
	// Markdown; what the template itself holds is.
	escape bool
}

// CheckTemplate tries a message template on updates of each level, of one image and of
// two, and tells why it can't be used: what policy's parser can't see, since fields and
// functions are known here. Empty text is fine.
func CheckTemplate(text string) error { return checkTemplate(commitTemplate(), text) }

// CheckTitleTemplate is CheckTemplate for a pull request's title.
func CheckTitleTemplate(text string) error { return checkTemplate(titleTemplate(), text) }

// CheckBodyTemplate is CheckTemplate for a pull request's body.
func CheckBodyTemplate(text string) error { return checkTemplate(bodyTemplate(), text) }

func commitTemplate() kind { return kind{name: "commit message", what: "message", limit: maxMessage} }

func titleTemplate() kind { return kind{name: "title", what: "title", limit: maxMessage} }

func bodyTemplate() kind {
	return kind{name: "body", what: "body", limit: maxIntro, empty: true, escape: true}
}

func checkTemplate(k kind, text string) error {
	if text == "" {
		return nil
	}
	for _, level := range []string{"patch", "minor", "major", "other"} {
		one := Change{
			File: "apps/web.yaml", Path: "spec.image", Line: 1, Policy: "shop/web", Image: "registry.example.com/shop/web",
			From: "1.0.0", To: "1.1.0", Digest: "sha256:" + strings.Repeat("0", 64), Level: level, Reason: "it is the highest",
		}
		two := one
		two.Image, two.Digest = "registry.example.com/shop/api", ""
		for _, changes := range [][]Change{{one}, {one, two}} {
			u := Update{Group: "web", Base: "main", MessageTemplate: text}
			if _, err := fillTemplate(k, text, messageData(u, "deploy", changes)); err != nil {
				return err
			}
		}
	}
	return nil
}

// fillTemplate gives what a template makes of the data, as printable lines.
func fillTemplate(k kind, text string, data MessageData) ([]string, error) {
	m := &meter{left: maxSteps}
	parsed, err := m.parse(text, k.escape)
	if err != nil {
		return nil, fmt.Errorf("parsing the %s template: %w", k.name, err)
	}
	out := limitedBuilder{what: k.what, limit: k.limit}
	err = parsed.Execute(&out, data)
	if errors.Is(err, errTooMuch) { // at a step of ours, which nobody would know
		err = errTooMuch
	}
	if err != nil {
		return nil, fmt.Errorf("filling in the %s template: %w", k.name, err)
	}
	if strings.TrimSpace(out.String()) == "" && !k.empty {
		return nil, fmt.Errorf("filling in the %s template: the %s is empty (hint: give each case a title)", k.name, k.what)
	}
	var lines []string
	for line := range strings.SplitSeq(strings.TrimSpace(out.String()), "\n") {
		line = printableLine(line)
		if n := len(lines); line == "" && n > 0 && lines[n-1] == "" {
			continue // as git tidies messages; templates with loops leave many
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// printableLine keeps a line's indentation. A line at which git sees a message's end
// (where a patch follows, or below scissors) is moved aside, or the trailers below it
// would be lost to git-interpret-trailers(1).
func printableLine(line string) string {
	trimmed := strings.TrimLeft(line, " \t")
	line = strings.ReplaceAll(line[:len(line)-len(trimmed)], "\t", "    ") + oneLine(trimmed, 1000)
	if line == "---" || strings.HasPrefix(line, "--- ") || strings.Contains(line, "--- >8 ---") {
		line = " " + line
	}
	return strings.TrimRight(line, " ")
}

// limitedBuilder bounds what a template with loops can write.
type limitedBuilder struct {
	strings.Builder
	what  string
	limit int // bytes
}

func (b *limitedBuilder) Write(p []byte) (int, error) {
	if b.Len()+len(p) > b.limit {
		return 0, fmt.Errorf("the %s is longer than %d bytes", b.what, b.limit)
	}
	return b.Builder.Write(p)
}

// meter bounds what a template does: every turn of a loop and every call of a template
// begins with a step that is counted, and so does every value that is made.
type meter struct{ left int }

var errTooMuch = errors.New("the template does too much (hint: are its loops as meant?)")

// spend counts steps. It writes nothing.
func (m *meter) spend(steps int) (string, error) {
	if m.left -= steps; m.left < 0 {
		return "", errTooMuch
	}
	return "", nil
}

func (m *meter) parse(text string, escape bool) (*template.Template, error) {
	if len(text) > maxTemplate {
		return nil, fmt.Errorf("it has more than %d bytes", maxTemplate)
	}
	parsed, err := template.New("message").Option("missingkey=error").Funcs(m.functions()).Parse(text)
	if err != nil {
		return nil, err
	}
	// Not before: a template that names the step could give itself more of them.
	parsed.Funcs(template.FuncMap{stepName: m.spend, escapeName: m.escaper()})
	for _, each := range parsed.Templates() {
		if each.Tree == nil || each.Root == nil {
			continue
		}
		if escape {
			escapeActions(each.Root)
		}
		if err := m.insert(each.Root, callSteps); err != nil {
			return nil, err
		}
	}
	return parsed, nil
}

// insert puts a step before what a list does, and before what the loops in it do. The
// cost grows with the text, loops within included: that is more than fair.
func (m *meter) insert(list *parse.ListNode, cost int) error {
	if list == nil {
		return nil
	}
	cost += 8 + len(list.String())/8
	for _, node := range list.Nodes {
		if err := m.insertBelow(node); err != nil {
			return err
		}
	}
	step, err := template.New("step").Funcs(template.FuncMap{stepName: m.spend}).Parse(fmt.Sprintf("{{%s %d}}", stepName, cost))
	if err != nil {
		return err
	}
	list.Nodes = append([]parse.Node{step.Root.Nodes[0]}, list.Nodes...)
	return nil
}

// insertBelow looks for the loops in a node. Branches that are no loops cost what the
// text around them does.
func (m *meter) insertBelow(node parse.Node) error {
	var branch *parse.BranchNode
	insert := func(list *parse.ListNode) error {
		if list == nil {
			return nil
		}
		var errs []error
		for _, inner := range list.Nodes {
			errs = append(errs, m.insertBelow(inner))
		}
		return errors.Join(errs...)
	}
	switch n := node.(type) {
	case *parse.RangeNode:
		return errors.Join(m.insert(n.List, 0), insert(n.ElseList))
	case *parse.IfNode:
		branch = &n.BranchNode
	case *parse.WithNode:
		branch = &n.BranchNode
	default:
		return nil
	}
	return errors.Join(insert(branch.List), insert(branch.ElseList))
}
