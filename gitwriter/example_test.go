package gitwriter_test

import (
	"fmt"

	"github.com/towline-dev/towline/gitwriter"
)

func ExampleParseTrailers() {
	trailers := gitwriter.ParseTrailers(`chore(deps): update web to 1.1.0

- ghcr.io/acme/web: 1.0.0 -> 1.1.0

Towline-Policy: shop/web
Towline-Image: ghcr.io/acme/web
Towline-From: 1.0.0
Towline-To: 1.1.0
Towline-Key: 7d0a
`)
	for _, update := range trailers.Updates {
		fmt.Printf("%s moved %s from %s to %s\n", update.Policy, update.Image, update.From, update.To)
	}
	// Output: shop/web moved ghcr.io/acme/web from 1.0.0 to 1.1.0
}

func ExampleKey() {
	one := gitwriter.Change{File: "apps/web.yaml", Path: "spec.image", From: "1.0.0", To: "1.1.0"}
	two := gitwriter.Change{File: "apps/api.yaml", Path: "spec.image", From: "2.0.0", To: "2.1.0"}
	fmt.Println(gitwriter.Key([]gitwriter.Change{one, two}) == gitwriter.Key([]gitwriter.Change{two, one}))
	// Output: true
}
