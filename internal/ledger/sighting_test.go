package ledger_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/ledger"
)

func TestSighting(t *testing.T) {
	start := newClock().now
	at := func(h int) time.Time { return start.Add(time.Duration(h) * time.Hour) }
	tests := []struct {
		name string
		do   func(b *bench) // an hour of the clock is an hour of the name
		want ledger.Sighting
	}{
		{"the first digest has the tag's time, of the first listing", func(b *bench) {
			b.observe("1")
			b.clock.move(5 * time.Hour)
		}, ledger.Sighting{Since: at(0), Bootstrapped: true}},
		{"the first digest has the tag's time, of a later one", func(b *bench) {
			b.observe("0")
			b.clock.move(time.Hour)
			b.observe("0", "1")
			b.clock.move(5 * time.Hour)
		}, ledger.Sighting{Since: at(1)}},
		{"another digest is young, though the tag is bootstrapped", func(b *bench) {
			b.observe("1")
			b.sighting("1", digestB)
			b.clock.move(5 * time.Hour)
		}, ledger.Sighting{Since: at(5)}},
		{"going back is to the first time", func(b *bench) {
			b.observe("1")
			b.sighting("1", digestB)
			b.clock.move(time.Hour)
			b.sighting("1", digestA)
			b.clock.move(time.Hour)
			b.sighting("1", digestC)
			b.clock.move(5 * time.Hour)
		}, ledger.Sighting{Since: at(1)}},
		{"a tag that came after the listing is young", func(b *bench) {
			b.observe("0")
			b.clock.move(time.Hour)
		}, ledger.Sighting{Since: at(1)}},
		{"a tag of a repository that isn't listed is bootstrapped", func(*bench) {}, ledger.Sighting{Since: at(0), Bootstrapped: true}},
		{"its time stands when the repository is listed", func(b *bench) {
			b.sighting("1", digestA)
			b.clock.move(time.Hour)
			b.observe("1")
		}, ledger.Sighting{Since: at(0), Bootstrapped: true}},
		{"another digest there is young", func(b *bench) {
			b.sighting("1", digestB)
			b.clock.move(time.Hour)
		}, ledger.Sighting{Since: at(1)}},
		{"settled", func(b *bench) {
			b.observe("1")
			b.sighting("1", digestA)
			b.settle(digestA, at(-100))
			b.clock.move(time.Hour)
		}, ledger.Sighting{Since: at(-100), Settled: true}},
		{"settled once", func(b *bench) {
			b.observe("1")
			b.sighting("1", digestA)
			b.settle(digestA, at(-100))
			b.settle(digestA, at(-200))
		}, ledger.Sighting{Since: at(-100), Settled: true}},
		{"settled no later than it was found", func(b *bench) {
			b.observe("1")
			b.sighting("1", digestA)
			b.clock.move(5 * time.Hour)
			b.settle(digestA, at(3))
		}, ledger.Sighting{Since: at(0)}},
		{"settled never in the future", func(b *bench) {
			b.clock.move(100 * time.Hour)
			b.sighting("1", digestA)
			b.clock.move(-90 * time.Hour)
			b.settle(digestA, at(50))
			b.clock.move(day * 100)
		}, ledger.Sighting{Since: at(10)}},
		{"what is dated by the ledger can't be settled", func(b *bench) {
			b.observe("0")
			b.observe("0", "1")
			b.sighting("1", digestA)
			b.settle(digestA, at(-100))
		}, ledger.Sighting{Since: at(0)}},
		{"another digest's settling is another's", func(b *bench) {
			b.observe("1")
			b.sighting("1", digestA)
			b.settle(digestB, at(-100))
		}, ledger.Sighting{Since: at(0), Bootstrapped: true}},
		{"recorded while the clock was ahead, it is the present", func(b *bench) {
			b.observe("0")
			b.clock.move(100 * time.Hour)
			b.observe("0", "1")
			b.clock.move(-90 * time.Hour)
		}, ledger.Sighting{Since: at(10)}},
		{"and what it was once the clock has passed it", func(b *bench) {
			b.observe("0")
			b.clock.move(100 * time.Hour)
			b.observe("0", "1")
			b.clock.move(-90 * time.Hour)
			b.sighting("1", digestA)
			b.clock.move(100 * time.Hour)
		}, ledger.Sighting{Since: at(100)}},
		{"forgotten with its tag", func(b *bench) {
			b.observe("0", "1")
			b.sighting("1", digestA)
			b.observe("0")
			b.clock.move(30 * day)
			b.observe("0")
			b.clock.move(time.Hour)
			b.observe("0", "1")
		}, ledger.Sighting{Since: at(30*24 + 1)}},
		{"of 33 digests the oldest is new again", func(b *bench) {
			b.observe("1")
			b.sighting("1", digestA)
			for i := range 32 {
				b.sighting("1", fmt.Sprintf("sha256:%064d", i))
			}
			b.clock.move(time.Hour)
		}, ledger.Sighting{Since: at(1)}},
		{"of 32 it isn't", func(b *bench) {
			b.observe("1")
			b.sighting("1", digestA)
			for i := range 31 {
				b.sighting("1", fmt.Sprintf("sha256:%064d", i))
			}
			b.clock.move(time.Hour)
		}, ledger.Sighting{Since: at(0), Bootstrapped: true}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			test.do(b)
			if diff := cmp.Diff(test.want, b.sighting("1", digestA)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			b.reopen()
			if diff := cmp.Diff(test.want, b.sighting("1", digestA)); diff != "" {
				t.Errorf("reopened (-want +got):\n%s", diff)
			}
		})
	}
}

// Repositories, tags and digests of any spelling are kept apart.
func TestSightingKeepsApart(t *testing.T) {
	b := newBench(t)
	names := []string{"a", "a\x00", "A", "h", "s", "t", "sha256:", digestA, strings.ToUpper(digestA), digestA + "a", "é"}
	var want, got []ledger.Sighting
	for pass := range 2 {
		for _, repository := range names {
			for _, tag := range names {
				for _, digest := range names {
					s, err := b.Sighting(repository, tag, digest)
					if err != nil {
						t.Fatal(err)
					}
					if pass == 0 {
						want = append(want, s)
						b.clock.move(time.Second)
					} else {
						got = append(got, s)
					}
				}
			}
		}
		b.reopen()
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-first +second):\n%s", diff)
	}
	for i, s := range want {
		if wantSince := newClock().now.Add(time.Duration(i) * time.Second); !s.Since.Equal(wantSince) {
			t.Fatalf("sighting %d is of %v, want %v", i, s.Since, wantSince)
		}
	}
}

func TestSightingRefuses(t *testing.T) {
	b := newBench(t)
	long := strings.Repeat("x", 5000)
	for _, in := range [][3]string{{"", "t", "d"}, {"r", "", "d"}, {"r", "t", ""}, {long, "t", "d"}, {"r", long, "d"}, {"r", "t", long}} {
		if _, err := b.Sighting(in[0], in[1], in[2]); !errors.Is(err, ledger.ErrInput) {
			t.Errorf("Sighting of %.20q gives %v, want %v", in, err, ledger.ErrInput)
		}
		if err := b.Settle(in[0], in[1], in[2], b.clock.now); !errors.Is(err, ledger.ErrInput) {
			t.Errorf("Settle of %.20q gives %v, want %v", in, err, ledger.ErrInput)
		}
	}
}

// A repository that nobody asks about for long is forgotten, by the clock and by others.
func TestForgottenRepositories(t *testing.T) {
	tests := []struct {
		name string
		away time.Duration
		use  bool // whether another repository is used then
		want bool // whether the repository is new again
	}{
		{"long enough", 181 * day, true, true},
		{"not long enough", 179 * day, true, false},
		{"only the clock says so", 1000 * day, false, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			b.observe("1")
			b.clock.move(test.away)
			if test.use {
				if _, err := b.Sighting("other", "1", digestA); err != nil {
					t.Fatal(err)
				}
			}
			b.reopen()
			if got := b.observe("1"); got.First != test.want {
				t.Errorf("First is %v, want %v", got.First, test.want)
			}
		})
	}
}
