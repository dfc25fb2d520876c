package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/policy"
)

func policyDocs(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestDocumentedFieldsAreComplete holds the table of fields to the fields that there are.
func TestDocumentedFieldsAreComplete(t *testing.T) {
	want := []string{"metadata.name", "metadata.namespace", `metadata.annotations."towline.dev/release"`, "spec.policy"}
	want = append(want, fieldsOf(reflect.TypeFor[policy.Spec](), "spec")...)
	var got []string
	for _, row := range tableOf(policyDocs(t), "field") {
		got = append(got, strings.Trim(row[0], "`"))
		for i, column := range []string{"field", "type"} {
			if row[i] == "" {
				t.Errorf("%s has no %s", row[0], column)
			}
		}
		if row[3] == "" || row[4] == "" {
			t.Errorf("%s has no example or no meaning", row[0])
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields in the table (-want +got):\n%s", diff)
	}
}

// fieldsOf gives the paths of all fields that hold a value.
func fieldsOf(t reflect.Type, path string) []string {
	switch {
	case t.Kind() == reflect.Pointer:
		return fieldsOf(t.Elem(), path)
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		return fieldsOf(t.Elem(), path+"[]")
	case t.Kind() != reflect.Struct || t.NumField() == 0:
		return []string{path}
	}
	var all []string
	for i := range t.NumField() {
		all = append(all, fieldsOf(t.Field(i).Type, path+"."+t.Field(i).Tag.Get("yaml"))...)
	}
	return all
}

// TestDocumentedTags tries each row of the table of tags: with the first one in use,
// those of the third column are taken and those of the fourth aren't.
func TestDocumentedTags(t *testing.T) {
	policies, err := policy.Parse("policy.yaml", []byte(
		`{apiVersion: towline.dev/v1, kind: ImagePolicy, metadata: {name: any}, spec: {image: a/b, policy: {semver: {range: "*"}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile("`([^`]+)`")
	rows := tableOf(policyDocs(t), "in use")
	if len(rows) == 0 {
		t.Fatal("there is no table of tags")
	}
	for _, row := range rows {
		current := strings.Trim(row[0], "`")
		for column, want := range map[int]bool{2: true, 3: false} {
			found := code.FindAllStringSubmatch(row[column], -1)
			if len(found) == 0 {
				t.Errorf("%s: column %d names no tag", current, column)
			}
			for _, m := range found {
				choice, err := policies[0].Choose(policy.Request{Current: current, Tags: []string{current, m[1]}})
				var none *policy.NoChoice
				if err != nil && !errors.As(err, &none) {
					t.Fatal(err)
				}
				if got := choice.Tag == m[1]; got != want {
					t.Errorf("with %s in use, %s is taken: %t, want %t (%s)", current, m[1], got, want, choice.Reason)
				}
			}
		}
	}
}

// tableOf gives the rows of the table whose first heading is the given one.
func tableOf(text, heading string) (rows [][]string) {
	_, rest, _ := strings.Cut(text, "\n| "+heading+" |")
	for i, line := range strings.Split(rest, "\n") {
		switch {
		case i < 2: // the rest of the heading, and the line below it
		case !strings.HasPrefix(line, "|"):
			return rows
		default:
			cells := strings.Split(strings.Trim(line, "|"), "|")
			for n := range cells {
				cells[n] = strings.TrimSpace(cells[n])
			}
			rows = append(rows, cells)
		}
	}
	return rows
}

// TestDocumentedTranscripts runs what docs/policy.md shows of `policy eval`, on the
// document that stands above it.
func TestDocumentedTranscripts(t *testing.T) {
	text := policyDocs(t)
	t.Chdir(t.TempDir())
	block := regexp.MustCompile("(?ms)^```(yaml|console)\n(.*?)^```")
	command := regexp.MustCompile(`^\$ printf '([^']*)' \| towline (.*)\n`)
	shown := 0
	for _, m := range block.FindAllStringSubmatch(text, -1) {
		if m[1] == "yaml" {
			if strings.Contains(m[2], "kind: ImagePolicy") {
				if err := os.WriteFile("policy.yaml", []byte(m[2]), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			continue
		}
		shown++
		line := command.FindStringSubmatch(m[2])
		if line == nil {
			t.Errorf("this is no command that can be tried:\n%s", m[2])
			continue
		}
		var out, told bytes.Buffer
		run(context.Background(), process{
			args: strings.Fields(line[2]), stdin: strings.NewReader(strings.ReplaceAll(line[1], `\n`, "\n")),
			stdout: &out, stderr: &told, getenv: func(string) string { return "" },
		})
		if diff := cmp.Diff(m[2][len(line[0]):], out.String()+told.String()); diff != "" {
			t.Errorf("%s (-documented +got):\n%s", line[0], diff)
		}
	}
	if shown == 0 {
		t.Error("no transcript is shown")
	}
}
