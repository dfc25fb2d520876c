package health_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/reconciler/health"
)

func rules(t *testing.T, all ...health.Rule) *health.Rules {
	t.Helper()
	compiled, err := health.CompileRules(all)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func TestRules(t *testing.T) {
	gadget := health.Rule{
		APIVersion: "example.com/v1", Kind: "Gadget",
		InProgress: `status.phase == 'Cooking'`,
		Failed:     `status.?conditions.orValue([]).exists(c, c.type == 'Broken' && c.status == 'True')`,
		Current:    `status.ready >= spec.size && self.metadata.name == metadata.name`,
	}
	tests := []struct {
		name     string
		rule     health.Rule
		manifest string
		want     health.Health // but for the reference; a part of the message
	}{
		{"current", gadget, `{kind: Gadget, spec: {size: 2}, status: {phase: Done, ready: 2}}`, health.Health{Status: health.Current}},
		{"in progress comes before failed and current", gadget,
			`{kind: Gadget, spec: {size: 2}, status: {phase: Cooking, ready: 2, conditions: [{type: Broken, status: "True"}]}}`, health.Health{Status: health.InProgress}},
		{"failed comes before current", gadget,
			`{kind: Gadget, spec: {size: 2}, status: {phase: Done, ready: 2, conditions: [{type: Broken, status: "True"}]}}`, health.Health{Status: health.Failed}},
		{"none is true", gadget, `{kind: Gadget, spec: {size: 2}, status: {phase: Done, ready: 1}}`, health.Health{Status: health.InProgress}},
		{"numbers of two types", gadget, `{kind: Gadget, spec: {size: 1.5}, status: {phase: Done, ready: 2}}`, health.Health{Status: health.Current}},
		{"no status yet", gadget, `{kind: Gadget, spec: {size: 2}}`, health.Health{Status: health.InProgress, Message: "evaluating inProgress: no such attribute(s): status"}},
		{"a field isn't there yet", gadget, `{kind: Gadget, spec: {size: 2}, status: {phase: Done}}`, health.Health{Status: health.InProgress, Message: "evaluating current: no such key: ready"}},
		{"an older generation was observed", gadget, `{kind: Gadget, metadata: {generation: 3}, spec: {size: 2}, status: {observedGeneration: 2, phase: Done, ready: 2}}`,
			health.Health{Status: health.InProgress, Message: "generation is 3, and 2 was observed"}},
		{"being deleted", gadget, `{kind: Gadget, metadata: {deletionTimestamp: "2026-01-01T00:00:00Z"}, spec: {size: 2}, status: {phase: Done, ready: 2}}`, health.Health{Status: health.Terminating}},
		{"not a truth value", health.Rule{Current: `status.phase`}, `{kind: Gadget, status: {phase: Done}}`, health.Health{Status: health.InProgress, Message: "gives a value of type string"}},
		{"fields beside spec and status", health.Rule{Current: `data.size == '2' && !(has(self.spec))`}, `{kind: Gadget, data: {size: "2"}}`, health.Health{Status: health.Current}},
		{"the condition that tells most is quoted", health.Rule{Current: `false`, Failed: `true`},
			`{kind: Gadget, status: {conditions: [{type: Fed, status: "False", message: no food}, {type: Ready, status: "False", reason: Hungry, message: not ready},
			   {type: Stalled, status: "True", reason: Starved, message: gave up}, {type: Error, status: "False", message: all well}]}}`,
			health.Health{Status: health.Failed, Reason: "Starved", Message: "gave up"}},
		{"a condition that isn't true is quoted", health.Rule{Current: `false`},
			`{kind: Gadget, status: {conditions: [{type: Progressing, status: "True", message: on the way}, {type: Ready, status: Unknown, reason: Hungry, message: not ready}, 7]}}`,
			health.Health{Status: health.InProgress, Reason: "Hungry", Message: "not ready"}},
		{"the status is quoted", health.Rule{Current: `false`}, `{kind: Gadget, status: {reason: Lost, message: no way}}`, health.Health{Status: health.InProgress, Reason: "Lost", Message: "no way"}},
		{"another kind", health.Rule{APIVersion: "example.com/v1", Kind: "Widget", Current: `true`},
			`{kind: Gadget, status: {conditions: [{type: Ready, status: "False", reason: Cooking}]}}`, health.Health{Status: health.InProgress, Reason: "Cooking"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.rule.Kind == "" {
				test.rule.APIVersion, test.rule.Kind = "example.com/v1", "Gadget"
			}
			live := object(t, test.manifest)
			live.SetAPIVersion("example.com/v1")
			live.SetKind("Gadget")
			live.SetName("a")
			got := rules(t, test.rule).Compute(live)
			if got.Status != test.want.Status || got.Reason != test.want.Reason || !strings.Contains(got.Message, test.want.Message) {
				t.Errorf("%s, reason %q, message %q; want %s, %q, …%s…", got.Status, got.Reason, got.Message, test.want.Status, test.want.Reason, test.want.Message)
			}
			if got.Ref.Name != "a" {
				t.Errorf("reference %v", got.Ref)
			}
		})
	}
}

func TestRulesOfNobody(t *testing.T) {
	settings := object(t, `{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}`)
	var none *health.Rules
	for _, r := range []*health.Rules{none, rules(t)} {
		if got := r.Compute(settings); got.Status != health.Current {
			t.Errorf("without rules a ConfigMap is %s", got.Status)
		}
	}
}

// TestRulesAreBounded holds that an expression which would run for hours is given up.
func TestRulesAreBounded(t *testing.T) {
	list := strings.Repeat("1,", 100)
	costly := `[` + list + `].all(a, [` + list + `].all(b, [` + list + `].all(c, [` + list + `].all(d, a+b+c+d > 0))))`
	live := object(t, `{apiVersion: example.com/v1, kind: Gadget, metadata: {name: a}}`)
	got := rules(t, health.Rule{APIVersion: "example.com/v1", Kind: "Gadget", Current: costly}).Compute(live)
	if got.Status != health.InProgress || !strings.Contains(got.Message, "evaluating current: ") {
		t.Errorf("%s, message %q; want that it was given up", got.Status, got.Message)
	}
}

func TestCompileRules(t *testing.T) {
	of := func(current string) health.Rule {
		return health.Rule{APIVersion: "example.com/v1", Kind: "Gadget", Current: current}
	}
	tests := []struct {
		name  string
		rules []health.Rule
		want  []string // lines of the error
	}{
		{"none", nil, nil},
		{"without a kind", []health.Rule{{APIVersion: "v1", Current: "true"}}, []string{"healthCheckExprs[0]: it names no kind"}},
		{"for Secrets", []health.Rule{{APIVersion: "v1", Kind: "Secret", Current: "data.password.startsWith('a')"}}, []string{"healthCheckExprs[0]: it is for Secrets"}},
		{"without a version", []health.Rule{{APIVersion: "a/b/c", Kind: "A", Current: "true"}}, []string{`healthCheckExprs[0]: apiVersion "a/b/c" isn't of the form GROUP/VERSION or VERSION`}},
		{"without an expression", []health.Rule{of(" ")}, []string{"healthCheckExprs[0]: it has no expression current"}},
		{"twice the same kind", []health.Rule{of("true"), {APIVersion: "example.com/v2", Kind: "Gadget", Current: "true"}},
			[]string{"healthCheckExprs[1]: Gadget.example.com is judged by healthCheckExprs[0] already"}},
		{"not CEL", []health.Rule{of("true"), {APIVersion: "v1", Kind: "A", Current: "true", Failed: "status.\nphase =="}},
			[]string{"healthCheckExprs[1].failed, line 2, column 9: "}},
		{"an unknown function, and a number", []health.Rule{{APIVersion: "v1", Kind: "A", Current: "1 + 2", InProgress: "status.phase.shout() == 'A'"}},
			[]string{"healthCheckExprs[0].inProgress, line 1, column 19: undeclared reference to 'shout'", "healthCheckExprs[0].current: it gives a value of type int, not true or false"}},
		{"a type's name isn't a variable", []health.Rule{of("type(spec.size) == int && int(spec.size) > 0")}, nil},
		{"a bad pattern", []health.Rule{of(`spec.name.matches('(')`)}, []string{"healthCheckExprs[0].current, line 1, column 19: invalid matches argument"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var lines []string
			if _, err := health.CompileRules(test.rules); err != nil {
				lines = strings.Split(err.Error(), "\n")
			}
			// What CEL says is CEL's business; where is ours.
			for i := range min(len(lines), len(test.want)) {
				if strings.HasPrefix(lines[i], test.want[i]) {
					lines[i] = test.want[i]
				}
			}
			if diff := cmp.Diff(test.want, lines); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}
