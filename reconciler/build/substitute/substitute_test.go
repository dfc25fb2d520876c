package substitute_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/reconciler/build/substitute"
)

func TestExpand(t *testing.T) {
	variables := map[string]string{"A": "one", "EMPTY": "", "REF": "${A}", "_x9": "under"}
	for _, tt := range []struct {
		name, text, want string
		err              error
	}{
		{"no variable", "cost: $5 and $A and $(A) {A}", "cost: $5 and $A and $(A) {A}", nil},
		{"value", "a${A}b${A}", "aonebone", nil},
		{"odd name", "${_x9}", "under", nil},
		{"empty value", "[${EMPTY}]", "[]", nil},
		{"values aren't read again", "${REF}", "${A}", nil},
		{"escaped", "$${A} $${anything: goes}", "${A} ${anything: goes}", nil},
		{"escaped twice", "$$${A}", "$${A}", nil},
		{"default unused", "${A:-x}${A:=x}${A-x}${A=x}", "oneoneoneone", nil},
		{"default of none", "${B:-x}${B:=y}${B-z}${B=}", "xyz", nil},
		{"default of empty", "[${EMPTY:-x}${EMPTY:=y}${EMPTY-z}${EMPTY=z}]", "[xy]", nil},
		{"default with variables", "${B:=${C:-${A}}/${A}}", "one/one", nil},
		{"default that isn't needed isn't looked at", "${A:=${B}}", "one", nil},
		{"no value", "${B}", "", substitute.ErrNoValue},
		{"no value in a default", "${B:=${C}}", "", substitute.ErrNoValue},
		{"not closed", "x ${A", "", substitute.ErrForm},
		{"not closed inside", "${A:=${B}", "", substitute.ErrForm},
		{"upper case", "${A^^}", "", substitute.ErrForm},
		{"lower case", "${A,,}", "", substitute.ErrForm},
		{"substring", "${A:1:2}", "", substitute.ErrForm},
		{"length", "${#A}", "", substitute.ErrForm},
		{"replace", "${A/o/x}", "", substitute.ErrForm},
		{"error form", "${A:?message}", "", substitute.ErrForm},
		{"dotted", "${a.b}", "", substitute.ErrForm},
		{"nothing", "${}", "", substitute.ErrForm},
		{"space", "${ A }", "", substitute.ErrForm},
		{"digit first", "${1}", "", substitute.ErrForm},
		{"nested too deep", strings.Repeat("${B:-", 12) + strings.Repeat("}", 12), "", substitute.ErrForm},
		{"too long", strings.Repeat("${A}", 400), "", substitute.ErrTooLong},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := substitute.Expand(tt.text, variables, 1000)
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" && tt.err == nil {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheckName(t *testing.T) {
	for name, want := range map[string]bool{"A": true, "_a1": true, "": false, "1a": false, "a-b": false, "a.b": false, "ä": false} {
		if got := substitute.CheckName(name) == nil; got != want {
			t.Errorf("%q: %t, want %t", name, got, want)
		}
	}
}

// FuzzExpand holds that every text ends in a text within the bound or in an error,
// that a text without ${ stays as it is, and that what is escaped comes out unescaped.
func FuzzExpand(f *testing.F) {
	for _, seed := range []string{"${A}", "$${A}", "${A:-${B}}", "${", "}${}", "${A:=$${B}}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := substitute.Expand(text, map[string]string{"A": "1"}, 1000)
		if err == nil && len(got) > 1000 {
			t.Errorf("%d bytes", len(got))
		}
		if !substitute.Has(text) && len(text) <= 1000 && (err != nil || got != text) {
			t.Errorf("got %q, %v", got, err)
		}
	})
}
