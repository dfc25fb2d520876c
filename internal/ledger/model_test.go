package ledger_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/ledger"
)

// modelTag and model are the ledger as it would be written without a file.
type modelTag struct {
	since, gone  time.Time
	bootstrapped bool
}

type model struct {
	listed bool
	tags   map[string]*modelTag
	stands map[string]map[string]*ledger.Sighting

	last []string  // the listing before
	gone time.Time // since when the first of the tags that are gone was, when it was looked
}

func newModel() *model {
	return &model{tags: map[string]*modelTag{}, stands: map[string]map[string]*ledger.Sighting{}}
}

func (m *model) observe(now time.Time, tags []string) ledger.Report {
	report := ledger.Report{First: !m.listed}
	// A listing like the one before changes nothing, unless a tag is to be forgotten.
	if m.listed && slices.Equal(m.last, tags) && (m.gone.IsZero() || now.Sub(m.gone) < 30*day) {
		return report
	}
	m.last, m.gone = tags, time.Time{}
	defer func() {
		for _, known := range m.tags {
			if !known.gone.IsZero() && (m.gone.IsZero() || known.gone.Before(m.gone)) {
				m.gone = known.gone
			}
		}
	}()
	for tag, known := range m.tags {
		switch {
		case slices.Contains(tags, tag):
		case known.gone.IsZero():
			known.gone = now
			report.Gone++
		case now.Sub(known.gone) >= 30*day:
			delete(m.tags, tag)
			delete(m.stands, tag)
		case known.gone.After(now):
			known.gone = now
		}
	}
	for _, tag := range tags {
		if known := m.tags[tag]; known != nil {
			known.gone = time.Time{}
			continue
		}
		m.tags[tag] = &modelTag{since: now, bootstrapped: !m.listed}
		report.New++
	}
	m.listed = true
	return report
}

func (m *model) sighting(now time.Time, tag, digest string) ledger.Sighting {
	stands := m.stands[tag]
	if stands == nil {
		stands = map[string]*ledger.Sighting{}
		m.stands[tag] = stands
	}
	s := stands[digest]
	if s == nil {
		s = &ledger.Sighting{Since: now}
		if known := m.tags[tag]; len(stands) > 0 {
			s.Bootstrapped = false
		} else if known != nil {
			s.Since, s.Bootstrapped = known.since, known.bootstrapped
		} else {
			s.Bootstrapped = !m.listed
		}
		stands[digest] = s
	}
	got := *s
	if got.Since.After(now) {
		got.Since = now
	}
	return got
}

func (m *model) settle(now time.Time, tag, digest string, since time.Time) {
	if s := m.stands[tag][digest]; s != nil && s.Bootstrapped {
		s.Bootstrapped, s.Settled = false, since.Before(s.Since) && since.Before(now)
		for _, bound := range []time.Time{now, since} {
			if bound.Before(s.Since) {
				s.Since = bound
			}
		}
	}
}

// Any sequence of operations, moves of the clock and reopenings gives what the model
// gives. Seeds that fail are added.
func FuzzModel(f *testing.F) {
	for seed := range uint64(12) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // G404: the same each time is what is wanted
		b := newBench(t)
		models := map[string]*model{}
		for _, name := range []string{"a", "b", "c"} {
			models[name] = newModel()
		}
		names := slices.Sorted(maps.Keys(models))
		for n := range 300 {
			name := names[random.IntN(len(names))]
			operation := play(t, random, b, name, models[name])
			if t.Failed() {
				t.Fatalf("operation %d of seed %d: %s of %s", n, seed, operation, name)
			}
		}
	})
}

// play does one operation on the ledger and on the model of one of its repositories.
func play(t *testing.T, random *rand.Rand, b *bench, name string, m *model) string {
	t.Helper()
	tag, digest := fmt.Sprintf("tag-%d", random.IntN(600)), fmt.Sprintf("digest-%d", random.IntN(4))
	switch random.IntN(10) {
	case 0:
		b.reopen()
		return "reopening"
	case 1, 2:
		b.clock.move(time.Duration(random.IntN(20*86400)-3*86400) * time.Second)
		return "moving the clock"
	case 3, 4, 5:
		tags := randomTags(random)
		got, err := b.Observe(name, tags)
		if diff := cmp.Diff(m.observe(b.clock.now, tags), got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		return "observing"
	case 6:
		since := b.clock.ago(time.Duration(random.IntN(86400)-3600) * time.Second)
		if err := b.Settle(name, tag, digest, since); err != nil {
			t.Error(err)
		}
		m.settle(b.clock.now, tag, digest, since)
		return "settling"
	default:
		got, err := b.Sighting(name, tag, digest)
		if diff := cmp.Diff(m.sighting(b.clock.now, tag, digest), got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		return "sighting " + tag + " " + digest
	}
}

// randomTags gives a listing: most tags, some, or none.
func randomTags(random *rand.Rand) []string {
	var tags []string
	share := []int{0, 20, 90, 98, 100}[random.IntN(5)]
	for i := range 600 {
		if random.IntN(100) < share {
			tags = append(tags, fmt.Sprintf("tag-%d", i))
		}
	}
	return sorted(tags)
}
