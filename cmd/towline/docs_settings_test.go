package main

import (
	"errors"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/policy"
)

// setting is a row of the table in docs/towline-yaml.md.
type setting struct{ path, kind, fallback, example string }

func documentedSettings(t *testing.T) []setting {
	t.Helper()
	text, err := os.ReadFile("../../docs/towline-yaml.md")
	if err != nil {
		t.Fatal(err)
	}
	var all []setting
	for _, row := range tableOf(string(text), "field") {
		if len(row) != 5 || row[1] == "" || row[2] == "" || row[4] == "" || !strings.HasPrefix(row[3], "`") {
			t.Fatalf("the row %q lacks something", row)
		}
		all = append(all, setting{strings.Trim(row[0], "`"), row[1], row[2], strings.Trim(row[3], "`")})
	}
	return all
}

func TestDocumentedSettingsAreComplete(t *testing.T) {
	var want, got []string
	var add func(of reflect.Type, path string)
	add = func(of reflect.Type, path string) {
		for i := range of.NumField() {
			f := of.Field(i)
			switch name := f.Tag.Get("yaml"); {
			case name == "-":
			case f.Type.Kind() == reflect.Struct:
				add(f.Type, path+"."+name)
			case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct:
				add(f.Type.Elem(), path+"."+name+"[]")
			default:
				want = append(want, path+"."+name)
			}
		}
	}
	add(reflect.TypeFor[policy.UpdateConfig](), "spec")
	for _, s := range documentedSettings(t) {
		got = append(got, s.path)
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields in the table (-want +got):\n%s", diff)
	}
}

// TestDocumentedSettings tries each row: its example has an effect, its default has none,
// and where its type is one of some words, these are all there are.
func TestDocumentedSettings(t *testing.T) {
	all := documentedSettings(t)
	code := regexp.MustCompile("`([^`]+)`")
	for _, s := range all {
		t.Run(s.path, func(t *testing.T) {
			c, err := trySetting(all, s, s.example)
			if err != nil || cmp.Equal(c, policy.DefaultUpdateConfig()) {
				t.Errorf("the example %s: %v, and it changes nothing", s.example, err)
			}
			if fallback := code.FindStringSubmatch(s.fallback); strings.HasPrefix(s.fallback, "`") {
				c, err := trySetting(all, s, fallback[1])
				if diff := cmp.Diff(policy.DefaultUpdateConfig(), c); err != nil || diff != "" {
					t.Errorf("the default %s: %v (-want +got):\n%s", fallback[1], err, diff)
				}
			}
			if s.kind == "template" {
				text := strings.Trim(s.example, `"`)
				if err := errors.Join(gitwriter.CheckTemplate(text), gitwriter.CheckTitleTemplate(text), gitwriter.CheckBodyTemplate(text)); err != nil {
					t.Error(err)
				}
			}
			if !strings.HasPrefix(s.kind, "`") {
				return
			}
			var words []string
			for _, m := range code.FindAllStringSubmatch(s.kind, -1) {
				words = append(words, m[1])
				if _, err := trySetting(all, s, m[1]); err != nil {
					t.Error(err)
				}
			}
			slices.Sort(words)
			var problems policy.Problems
			if _, err := trySetting(all, s, "nothing-like-it"); !errors.As(err, &problems) || problems[0].Hint != "known here: "+strings.Join(words, ", ") {
				t.Errorf("the words are %q: %v", words, err)
			}
		})
	}
}

// trySetting parses a document with the setting and those that it can't be without.
func trySetting(all []setting, s setting, value string) (policy.UpdateConfig, error) {
	parent := s.path[:strings.LastIndexByte(s.path, '.')]
	inner := s.path[len(parent)+1:] + ": " + value
	for _, other := range all {
		rest, beside := strings.CutPrefix(other.path, parent+".")
		if beside && !strings.Contains(rest, ".") && other.path != s.path && (other.fallback == "required" || strings.HasSuffix(parent, ".author")) {
			inner += ", " + rest + ": " + other.example
		}
	}
	path := strings.Split(parent, ".")
	for _, key := range slices.Backward(path) {
		if name, ok := strings.CutSuffix(key, "[]"); ok {
			inner = name + ": [{" + inner + "}]"
		} else {
			inner = key + ": {" + inner + "}"
		}
	}
	return policy.ParseUpdateConfig(policy.UpdateConfigFile, []byte("{apiVersion: towline.dev/v1, kind: UpdateConfig, "+inner+"}\n"))
}
