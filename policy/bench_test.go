package policy_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"

	"github.com/towline-dev/towline/policy"
)

// mixedTags gives n tags as registries list them, sorted: four in ten x.y.z, two
// v-prefixed, one -rc, one -alpine, and two that are no version at all.
func mixedTags(n int) []string {
	tags := make([]string, 0, n)
	for i := range n {
		version := fmt.Sprintf("%d.%d.%d", i/1000%100, i/10%100, i/100_000*10+i%10)
		switch i % 10 {
		case 4, 5:
			version = "v" + version
		case 6:
			version += "-rc.1"
		case 7:
			version += "-alpine"
		case 8:
			version = fmt.Sprintf("sha-%07x", i*7919)
		case 9:
			version = fmt.Sprintf("main-%d", 1_600_000_000+i)
		}
		tags = append(tags, version)
	}
	slices.Sort(tags)
	for i, tag := range tags {
		tags[i] = strings.Clone(tag) // side by side in memory, as from one answer
	}
	return tags
}

const benchRange = ">=2.0.0 <90.0.0"

// BenchmarkChoose chooses among mixed tags, beside what a straightforward
// program does (BenchmarkParseAll).
func BenchmarkChoose(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		tags := mixedTags(n)
		for _, kind := range []struct {
			name string
			spec []string
		}{
			{"semver", []string{semverRange(benchRange)}},
			{"shuffled", []string{semverRange(benchRange)}},
			{"prereleases", []string{`policy: {semver: {range: "` + benchRange + `", prereleases: true}}`}},
			{"filter", []string{semverRange(benchRange), `filterTags: {pattern: '^v?(?P<v>\d+\.\d+\.\d+)$', extract: '$v'}`}},
		} {
			if kind.name == "filter" && n > 10_000 {
				continue
			}
			b.Run(fmt.Sprintf("%s/tags=%d", kind.name, n), func(b *testing.B) {
				p, tags := parse(b, kind.spec...), slices.Clone(tags)
				if kind.name == "shuffled" {
					shuffled := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same order every time
					shuffled.Shuffle(n, func(i, j int) { tags[i], tags[j] = tags[j], tags[i] })
				}
				b.ReportAllocs()
				for b.Loop() {
					if _, err := p.Choose(policy.Request{Current: "2.0.0", Tags: tags}); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/tag")
			})
		}
	}
}

// BenchmarkParseAll parses every tag by the library and keeps the highest that
// fits: what BenchmarkChoose is measured against.
func BenchmarkParseAll(b *testing.B) {
	const n = 100_000
	tags := mixedTags(n)
	constraint, err := semver.NewConstraint(benchRange)
	if err != nil {
		b.Fatal(err)
	}
	b.Run(fmt.Sprintf("tags=%d", n), func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var best *semver.Version
			for _, tag := range tags {
				v, err := semver.NewVersion(tag)
				if err == nil && constraint.Check(v) && (best == nil || v.GreaterThan(best)) {
					best = v
				}
			}
			if best == nil {
				b.Fatal("nothing fits")
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/tag")
	})
}

// BenchmarkExplain works out the reasons of every candidate too.
func BenchmarkExplain(b *testing.B) {
	tags := mixedTags(10_000)
	p := parse(b, semverRange(benchRange))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := p.Explain(policy.Request{Current: "2.0.0", Tags: tags}); err != nil {
			b.Fatal(err)
		}
	}
}
