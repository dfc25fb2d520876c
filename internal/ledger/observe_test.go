package ledger_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/ledger"
)

func TestObserve(t *testing.T) {
	type round struct {
		after time.Duration
		tags  []string
		want  ledger.Report
	}
	tests := []struct {
		name   string
		rounds []round
	}{
		{"the first listing is told from others", []round{
			{0, []string{"1", "2"}, ledger.Report{First: true, New: 2}},
			{time.Hour, []string{"1", "2", "3"}, ledger.Report{New: 1}},
		}},
		{"a first listing without tags is one", []round{
			{0, nil, ledger.Report{First: true}},
			{time.Hour, []string{"1"}, ledger.Report{New: 1}},
		}},
		{"the same again", []round{
			{0, []string{"1", "2"}, ledger.Report{First: true, New: 2}},
			{time.Hour, []string{"1", "2"}, ledger.Report{}},
			{50 * day, []string{"1", "2"}, ledger.Report{}},
		}},
		{"gone is told once", []round{
			{0, []string{"1", "2"}, ledger.Report{First: true, New: 2}},
			{time.Hour, []string{"2"}, ledger.Report{Gone: 1}},
			{time.Hour, []string{"2"}, ledger.Report{}},
			{time.Hour, []string{"2", "3"}, ledger.Report{New: 1}},
		}},
		{"back within 30 days isn't new", []round{
			{0, []string{"1", "2"}, ledger.Report{First: true, New: 2}},
			{time.Hour, []string{"2"}, ledger.Report{Gone: 1}},
			{30*day - time.Second, []string{"1", "2"}, ledger.Report{}},
			{time.Hour, []string{"2"}, ledger.Report{Gone: 1}},
		}},
		{"back after 30 days is new, though nothing else changed", []round{
			{0, []string{"1", "2"}, ledger.Report{First: true, New: 2}},
			{time.Hour, []string{"2"}, ledger.Report{Gone: 1}},
			{30 * day, []string{"2"}, ledger.Report{}},
			{time.Hour, []string{"1", "2"}, ledger.Report{New: 1}},
		}},
		{"an empty listing in between takes nothing", []round{
			{0, []string{"1", "2"}, ledger.Report{First: true, New: 2}},
			{time.Hour, nil, ledger.Report{Gone: 2}},
			{time.Hour, []string{"1", "2"}, ledger.Report{}},
		}},
		{"gone while the clock was ahead is forgotten by the right one", []round{
			{0, []string{"1", "2"}, ledger.Report{First: true, New: 2}},
			{1000 * day, []string{"2"}, ledger.Report{Gone: 1}},
			{-1000 * day, []string{"2", "3"}, ledger.Report{New: 1}},
			{30 * day, []string{"2", "3"}, ledger.Report{}},
			{0, []string{"1", "2", "3"}, ledger.Report{New: 1}},
		}},
	}
	for _, test := range tests {
		for _, reopened := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/reopened=%v", test.name, reopened), func(t *testing.T) {
				b := newBench(t)
				for i, r := range test.rounds {
					if reopened {
						b.reopen()
					}
					b.clock.move(r.after)
					if diff := cmp.Diff(r.want, b.observe(r.tags...)); diff != "" {
						t.Errorf("round %d (-want +got):\n%s", i, diff)
					}
				}
			})
		}
	}
}

func TestObserveRefuses(t *testing.T) {
	b := newBench(t)
	tests := []struct {
		name       string
		repository string
		tags       []string
	}{
		{"no repository", "", []string{"1"}},
		{"a repository without end", strings.Repeat("r", 5000), []string{"1"}},
		{"disorder", repository, []string{"2", "1"}},
		{"a tag twice", repository, []string{"1", "1"}},
		{"an empty tag", repository, []string{""}},
		{"a tag without end", repository, []string{strings.Repeat("t", 5000)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := b.Observe(test.repository, test.tags); !errors.Is(err, ledger.ErrInput) {
				t.Errorf("Observe gives %v, want %v", err, ledger.ErrInput)
			}
		})
	}
	if got := b.observe("1"); !got.First {
		t.Error("what was refused was recorded")
	}
}

// Tags of every length and content keep their times while chunks grow, are cut and go.
func TestObserveManyTags(t *testing.T) {
	b := newBench(t)
	tag := func(i int) string {
		return fmt.Sprintf("%s%d\x00%s", strings.Repeat("x", i%5*30), i, strings.Repeat("é", i%97))
	}
	listing := func(with func(int) bool) []string {
		var tags []string
		for i := range 9000 {
			if with(i) {
				tags = append(tags, tag(i))
			}
		}
		slices.Sort(tags)
		return tags
	}
	steps := []struct {
		name string
		with func(int) bool
		want ledger.Report
	}{
		{"a third", func(i int) bool { return i%3 == 0 }, ledger.Report{First: true, New: 3000}},
		{"two thirds", func(i int) bool { return i%3 != 2 }, ledger.Report{New: 3000}},
		{"all", func(int) bool { return true }, ledger.Report{New: 3000}},
		{"a half", func(i int) bool { return i < 4500 }, ledger.Report{Gone: 4500}},
		{"all again", func(int) bool { return true }, ledger.Report{}},
	}
	start := b.clock.now
	for _, s := range steps {
		if diff := cmp.Diff(s.want, b.observe(listing(s.with)...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", s.name, diff)
		}
		b.clock.move(time.Hour)
	}
	b.reopen()
	for i := 0; i < 9000; i += 7 {
		want := ledger.Sighting{Since: start.Add(time.Duration(i%3) * time.Hour), Bootstrapped: i%3 == 0}
		if diff := cmp.Diff(want, b.sighting(tag(i), digestA)); diff != "" {
			t.Fatalf("tag %d (-want +got):\n%s", i, diff)
		}
	}
}
