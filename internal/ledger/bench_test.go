package ledger_test

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/towline-dev/towline/internal/ledger"
)

// benchTags are tags as CI makes them: a version, and a commit's hash behind it.
func benchTags(n int) []string {
	tags := make([]string, n)
	for i := range tags {
		tags[i] = fmt.Sprintf("1.%d.%d-%08x", i/1000, i%1000, uint32(i)*2654435761)
	}
	return sorted(tags)
}

func benchNames() []string {
	names := make([]string, 1000)
	for i := range names {
		names[i] = fmt.Sprintf("registry.example.com/team-%d/app-%d", i%20, i)
	}
	return names
}

func observeAll(b *testing.B, l *ledger.Ledger, names, tags []string, news int) {
	b.Helper()
	for _, name := range names {
		if got, err := l.Observe(name, tags); err != nil || !got.First && got.New != news {
			b.Fatalf("%+v, %v", got, err)
		}
	}
}

func reportSize(b *testing.B, path string) {
	b.Helper()
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(info.Size())/1e6, "MB-file")
}

func BenchmarkObserve1000x1000Unchanged(b *testing.B) {
	d, names, tags := newBench(b), benchNames(), benchTags(1000)
	observeAll(b, d.Ledger, names, tags, 0)
	for b.Loop() {
		observeAll(b, d.Ledger, names, tags, 0)
	}
	reportSize(b, d.path)
}

func BenchmarkObserve1000x1000OnePercentNew(b *testing.B) {
	d, names, tags := newBench(b), benchNames(), benchTags(1000)
	observeAll(b, d.Ledger, names, tags, 0)
	for n := 0; b.Loop(); n++ {
		for i := range 10 {
			tags = append(tags, fmt.Sprintf("1.%d.%d-new", i*100, n))
		}
		tags = sorted(tags)
		d.clock.move(time.Minute)
		observeAll(b, d.Ledger, names, tags, 10)
	}
	reportSize(b, d.path)
}

func BenchmarkObserveMillionFirst(b *testing.B) {
	tags := benchTags(1_000_000)
	path := b.TempDir() + "/ledger.db"
	for b.Loop() {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			b.Fatal(err)
		}
		l, err := ledger.Open(path, ledger.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := l.Observe(repository, tags); err != nil {
			b.Fatal(err)
		}
		if err := l.Close(); err != nil {
			b.Fatal(err)
		}
	}
	reportSize(b, path)
}

func BenchmarkObserveMillionUnchanged(b *testing.B) {
	d, tags := newBench(b), benchTags(1_000_000)
	d.observe(tags...)
	for b.Loop() {
		if _, err := d.Observe(repository, tags); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkObserveMillionTenNew(b *testing.B) {
	d, tags := newBench(b), benchTags(1_000_000)
	d.observe(tags...)
	for n := 0; b.Loop(); n++ {
		for i := range 10 {
			tags[i*100_000] += "x" // the one before is gone; the order stays
		}
		if _, err := d.Observe(repository, tags); err != nil {
			b.Fatal(err)
		}
	}
	reportSize(b, d.path)
}

func BenchmarkOpenMillion(b *testing.B) {
	d, tags := newBench(b), benchTags(1_000_000)
	d.observe(tags...)
	for b.Loop() {
		d.reopen()
	}
}

func BenchmarkSightingKnown(b *testing.B) {
	d := newBench(b)
	d.observe(benchTags(1000)...)
	d.sighting("1.0.0-00000000", digestA)
	for b.Loop() {
		d.sighting("1.0.0-00000000", digestA)
	}
}
