package policy_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/towline-dev/towline/policy"
)

// level decodes itself as text, hosts as YAML.
type level int

func (l *level) UnmarshalText(text []byte) error {
	if string(text) != "high" {
		return fmt.Errorf("%q is no level", text)
	}
	*l = 3
	return nil
}

type hosts []string

func (h *hosts) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*h = strings.Split(n.Value, ",")
		return nil
	}
	return n.Decode((*[]string)(h))
}

type picky struct{}

func (*picky) UnmarshalYAML(n *yaml.Node) error {
	return policy.Problems{{Position: policy.Position{File: "own", Line: n.Line}, Message: "its own words"}}
}

type common struct {
	Debug bool `yaml:"debug"`
}

type settings struct {
	common  `yaml:",inline"`
	Name    string                   `yaml:"name"`
	Wait    time.Duration            `yaml:"wait"`
	Count   int                      `yaml:"count"`
	Small   uint8                    `yaml:"small"`
	Ratio   float64                  `yaml:"ratio"`
	Ports   []int                    `yaml:"ports"`
	Labels  map[string]string        `yaml:"labels"`
	Waits   map[string]time.Duration `yaml:"waits"`
	Level   level                    `yaml:"level"`
	Hosts   hosts                    `yaml:"hosts"`
	Picky   *picky                   `yaml:"picky"`
	Child   *common                  `yaml:"child"`
	Raw     yaml.Node                `yaml:"raw"`
	Any     any                      `yaml:"any"`
	Plain   string
	Hidden  string `yaml:"-"`
	private string
	Channel chan int `yaml:"channel"`
}

func decodeText(t *testing.T, text string, out any) policy.Problems {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	return policy.DecodeStrict("f.yaml", &doc, out)
}

func TestDecodeStrict(t *testing.T) {
	const text = `debug: true
name: &n "5"
wait: 1h30m
count: -3
small: 0xff
ratio: 2
ports: [1, 2]
labels: &l {a: b, "on": *n}
waits: {a: 5s}
level: high
hosts: a,b
child: {debug: true}
raw: {anything: [goes]}
any: {x: [1]}
plain: p
`
	var got settings
	if problems := decodeText(t, text, &got); len(problems) > 0 {
		t.Fatal(problems)
	}
	if got.Raw.Kind != yaml.MappingNode || got.private != "" {
		t.Errorf("raw is %+v", got.Raw)
	}
	got.Raw = yaml.Node{}
	want := settings{
		common: common{Debug: true}, Name: "5", Wait: 90 * time.Minute, Count: -3, Small: 255, Ratio: 2, Ports: []int{1, 2},
		Labels: map[string]string{"a": "b", "on": "5"}, Waits: map[string]time.Duration{"a": 5 * time.Second},
		Level: 3, Hosts: hosts{"a", "b"}, Child: &common{Debug: true}, Any: map[string]any{"x": []any{1}}, Plain: "p",
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(settings{})); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
}

func TestDecodeStrictProblems(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"unknown field", "nane: x", `f.yaml:1:1: nane: unknown field (did you mean "name"?)`},
		{"swapped letters", "naem: x", `(did you mean "name"?)`},
		{"inlined field", "debugg: true", `(did you mean "debug"?)`},
		{"hidden field", "hidden: x", `hidden: unknown field`},
		{"private field", "private: x", `private: unknown field`},
		{"duplicate key", "name: a\nwait: 5s\nname: b", `f.yaml:3:1: name: the key stands here twice (first on line 1)`},
		{"duplicate quoted", "name: a\n\"name\": b", `f.yaml:2:1: name: the key stands here twice`},
		{"duplicate in a map", "labels: {a: b, a: c}", `f.yaml:1:16: labels.a: the key stands here twice`},
		{"number for text", "name: 1.10", `f.yaml:1:7: name: wants text, found the number 1.10 (write it in quotes: "1.10")`},
		{"nothing for text", "name:", `f.yaml:1:6: name: wants text, found no value (give it a value, or leave the field out)`},
		{"binary for text", "name: !!binary aGk=", `wants text, found a value of the type !!binary`},
		{"own tag", "name: !x y", `wants text, found a value of the type !x`},
		{"bare number as duration", "wait: 5", `f.yaml:1:7: wait: wants a duration, found the number 5 (write it as "90s", "5m" or "72h")`},
		{"no duration", "wait: 3 days", `wait: "3 days" is not a duration`},
		{"text for number", "count: five", `count: wants a whole number, found the text "five"`},
		{"float for int", "count: 1.5", `count: wants a whole number, found the number 1.5`},
		{"too big", "small: 256", `small: the number 256 is out of range`},
		{"negative", "small: -1", `small: the number -1 is out of range`},
		{"old boolean", "debug: yes", `debug: wants true or false, found the text "yes"`},
		{"text for float", "ratio: x", `ratio: wants a number, found the text "x"`},
		{"scalar for list", "ports: 80", `ports: wants a list, found the number 80`},
		{"mapping for list", "ports: {a: b}", `ports: wants a list, found a mapping`},
		{"item of a list", "ports:\n- 80\n- x", `f.yaml:3:3: ports[1]: wants a whole number, found the text "x"`},
		{"list for map", "labels: [a]", `labels: wants a mapping, found a list`},
		{"list for struct", "child: [a]", `child: wants a mapping, found a list`},
		{"inside a map", "waits: {a: x}", `f.yaml:1:12: waits.a: "x" is not a duration`},
		{"list as key", "[a]: b", `f.yaml:1:1: wants text as its key, found a list`},
		{"text unmarshaler", "level: low", `f.yaml:1:8: level: "low" is no level`},
		{"text unmarshaler, number", "level: 3", `level: wants text, found the number 3`},
		{"yaml unmarshaler", "hosts: {a: b}", `f.yaml:1:8: hosts: line 1: cannot unmarshal !!map`},
		{"own problems", "\npicky: x", `own:2: its own words`},
		{"impossible", "channel: x", `channel: decoding into chan int is not possible`},
		{"merged", "child: &c {debug: 5}\n<<: *c", `debug: wants true or false`},
		{"through an alias", "name: &x [a]\nplain: *x", `plain: wants text, found a list`},
		{"alias of nothing but itself", "any: &a [*a]", `any: `},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out settings
			problems := decodeText(t, tt.text, &out)
			if err := problems.Err(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("problems %v\nwant one that holds %s", err, tt.want)
			}
		})
	}
}

func TestDecodeStrictAcceptsEmpty(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "labels:\nports:\nchild:\n", "{}", "child: {<<: {debug: true}, debug: false}"} {
		out := settings{Name: "default"}
		if problems := decodeText(t, text, &out); problems.Err() != nil || out.Name != "default" || out.Child != nil && out.Child.Debug {
			t.Errorf("%q gives %+v, %v", text, out, problems)
		}
	}
	for _, out := range []any{nil, settings{}, (*settings)(nil)} {
		if problems := policy.DecodeStrict("f", &yaml.Node{Kind: yaml.ScalarNode}, out); len(problems) != 1 {
			t.Errorf("decoding into %T: %v", out, problems)
		}
	}
	if problems := policy.DecodeStrict("f", nil, &settings{}); problems.Err() != nil {
		t.Error(problems)
	}
}

func TestProblemsAsErrors(t *testing.T) {
	problems := policy.Problems{
		{Position: policy.Position{File: "b", Line: 1, Column: 2}, Message: "two"},
		{Position: policy.Position{File: "a", Line: 10}, Message: "ten", Hint: "mend it"},
		{Position: policy.Position{File: "a", Line: 9, Column: 9}, Message: "nine"},
		{Position: policy.Position{Line: 3}, Message: "nameless"},
		{Message: "nowhere"},
	}
	want := "nowhere\n3: nameless\na:9:9: nine\na:10: ten (mend it)\nb:1:2: two"
	if diff := cmp.Diff(want, problems.Err().Error()); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	if problems[0].Message != "two" {
		t.Error("sorting changed the original")
	}
	wrapped := fmt.Errorf("checking: %w", problems.Err())
	var got policy.Problems
	if !errors.As(wrapped, &got) || len(got) != 5 {
		t.Errorf("%v is not found in its wrapping", got)
	}
	if err := (policy.Problems{}).Err(); err != nil {
		t.Errorf("no problems are the error %v", err)
	}
}
