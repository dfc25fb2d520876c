package policy_test

import (
	"fmt"
	"testing"

	"github.com/towline-dev/towline/policy"
)

// BenchmarkChoose chooses among 10,000 tags as registries have them: releases,
// v-prefixed ones, prereleases, variants and what is no version at all.
func BenchmarkChoose(b *testing.B) {
	tags := make([]string, 0, 10_000)
	for i := range 10_000 {
		version := fmt.Sprintf("%d.%d.%d", i/1000, i/10%100, i%10)
		switch i % 10 {
		case 4, 5:
			version = "v" + version
		case 6:
			version += "-rc.1"
		case 7:
			version += "-alpine"
		case 8, 9:
			version = fmt.Sprintf("sha-%07x", i*7919)
		}
		tags = append(tags, version)
	}
	for name, spec := range map[string][]string{
		"form":   {semverRange(">=2.0.0 <9.0.0")},
		"filter": {semverRange(">=2.0.0 <9.0.0"), `filterTags: {pattern: '^v?(?P<v>\d+\.\d+\.\d+)$', extract: '$v'}`},
	} {
		b.Run(name, func(b *testing.B) {
			p := parse(b, spec...)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Choose(policy.Request{Current: "2.0.0", Tags: tags}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
