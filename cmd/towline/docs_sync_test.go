package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

func syncDocs(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/sync.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestDocumentedSyncFields holds that docs/sync.md has a row for each field of a Sync.
func TestDocumentedSyncFields(t *testing.T) {
	var want, got []string
	var add func(of reflect.Type, path string)
	add = func(of reflect.Type, path string) {
		for i := range of.NumField() {
			name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			kind, at := of.Field(i).Type, strings.TrimPrefix(path+"."+name, ".")
			if kind.Kind() == reflect.Pointer {
				kind = kind.Elem()
			}
			if kind.Kind() == reflect.Slice && kind.Elem().Kind() == reflect.Struct {
				kind, at = kind.Elem(), at+"[]"
			}
			if kind.Kind() == reflect.Struct && kind.PkgPath() == reflect.TypeFor[v1.SyncSpec]().PkgPath() {
				add(kind, at)
				continue
			}
			want = append(want, at)
		}
	}
	add(reflect.TypeFor[v1.SyncSpec](), "")
	for _, row := range tableOf(syncDocs(t), "field") {
		parent := ""
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[0], -1) {
			path := m[1]
			if rest, ok := strings.CutPrefix(path, "."); ok {
				path = parent + "." + rest
			}
			parent = path[:max(0, strings.LastIndexByte(path, '.'))]
			got = append(got, path)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields in the table (-want +got):\n%s", diff)
	}
}

// TestDocumentedSyncWords holds that docs/sync.md explains each condition, reason and metric
// that the code knows, and no other.
func TestDocumentedSyncWords(t *testing.T) {
	docs := syncDocs(t)
	for _, tt := range []struct {
		table string
		want  []string
	}{
		{"condition", constants(t, "../../reconciler/api/v1/status.go", "Condition")},
		{"reason", constants(t, "../../reconciler/api/v1/status.go", "Reason")},
		{"metric", append(metricNames(t, "../../reconciler/metrics.go"), metricNames(t, "../../reconciler/rendermetrics.go")...)},
	} {
		var got []string
		for _, row := range tableOf(docs, tt.table) {
			name, _, _ := strings.Cut(strings.Trim(row[0], "`"), "{")
			got = append(got, name)
		}
		slices.Sort(got)
		slices.Sort(tt.want)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("the table of %ss (-want +got):\n%s", tt.table, diff)
		}
	}
}

// TestDocumentedStatusFields holds that each field of the status is spoken of.
func TestDocumentedStatusFields(t *testing.T) {
	docs := syncDocs(t)
	of := reflect.TypeFor[v1.SyncStatus]()
	for i := range of.NumField() {
		if of.Field(i).Type == reflect.TypeFor[[]metav1.Condition]() {
			continue
		}
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		if !strings.Contains(docs, "`status."+name+"`") {
			t.Errorf("docs/sync.md doesn't speak of status.%s", name)
		}
	}
}

// constants gives the values of a file's constants whose names begin with a prefix.
func constants(t *testing.T, file, prefix string) (values []string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, prefix) {
			return true
		}
		if literal, ok := spec.Values[0].(*ast.BasicLit); ok {
			value, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, value)
		}
		return true
	})
	return values
}

func metricNames(t *testing.T, file string) (names []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`"((?:towline|gotk)_\w+)"`).FindAllStringSubmatch(string(text), -1) {
		names = append(names, m[1])
	}
	return names
}
