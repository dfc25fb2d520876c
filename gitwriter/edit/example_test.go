package edit_test

import (
	"fmt"

	"github.com/towline-dev/towline/gitwriter/edit"
)

func Example() {
	manifest := []byte("" +
		"# the shop's front end\n" +
		"spec:\n" +
		"  containers:\n" +
		"  - {name: web,   image: 'nginx:1.27.0'}   # keep the blanks\n")

	file, problems := edit.Parse("apps/web.yaml", manifest)
	for _, p := range problems {
		fmt.Println(p.Error())
	}
	var changes []edit.Change
	for _, r := range file.References() {
		if edit.SameImage(r.Image, "docker.io/library/nginx") {
			changes = append(changes, edit.Change{Reference: r, Tag: "1.27.1"})
		}
	}
	data, edits, err := file.Rewrite(changes)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range edits {
		fmt.Println(e)
	}
	fmt.Print(edit.UnifiedDiff("apps/web.yaml", manifest, data))
	// Output:
	// apps/web.yaml:4:27: spec.containers[0].image: nginx:1.27.0 -> nginx:1.27.1
	// --- a/apps/web.yaml
	// +++ b/apps/web.yaml
	// @@ -1,4 +1,4 @@
	//  # the shop's front end
	//  spec:
	//    containers:
	// -  - {name: web,   image: 'nginx:1.27.0'}   # keep the blanks
	// +  - {name: web,   image: 'nginx:1.27.1'}   # keep the blanks
}
