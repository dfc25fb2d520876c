package config_test

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/towline-dev/towline/internal/config"
)

// TestAuthIsDocumented holds the table of docs/git.md to the fields that there are.
func TestAuthIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/git.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "| field of `auth` |")
	table, _, ended := strings.Cut(table, "\n\n")
	if !found || !ended {
		t.Fatal("docs/git.md has no table of auth")
	}
	for _, name := range names(reflect.TypeFor[config.Auth]()) {
		if !strings.Contains(table, name) {
			t.Errorf("auth.%s isn't in the table", name)
		}
	}
}

// names gives the last parts of all fields that hold a value, but for an App's.
func names(s reflect.Type) []string {
	var all []string
	for i := range s.NumField() {
		f := s.Field(i)
		kind := f.Type
		if kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
		}
		if name := f.Tag.Get("yaml"); kind.Kind() == reflect.Struct && name != "app" {
			all = append(all, names(kind)...)
		} else {
			all = append(all, name)
		}
	}
	return all
}
