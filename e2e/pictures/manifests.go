package main

import "fmt"

// change is a commit of the person's to main.
type change struct {
	message string
	files   map[string]string
}

// history is how the manifests came to be as they are. The last commit but one moves the
// worker to a new major version, the last one takes that back.
func history() []change {
	begin := map[string]string{
		".towline.yaml": "apiVersion: towline.dev/v1\nkind: UpdateConfig\nspec:\n  labels: [dependencies]\n  dashboard:\n    enabled: true\n",
		"apps/shop/policies.yaml": policyOf("frontend", ">=2.0.0 <3.0.0", "  update: { group: shop }\n") + "---\n" +
			policyOf("api", "^1.8.0", "  update: { group: shop }\n") + "---\n" + policyOf("worker", ">=4.0.0", "  update: { group: shop }\n"),
		"apps/shop/frontend.yaml": workload("Deployment", "frontend", "2.4.0"),
		"apps/shop/api.yaml":      workload("Deployment", "api", "1.8.2"),
		"apps/shop/migrate.yaml":  workload("Job", "api", "1.8.2"),
		"apps/shop/worker.yaml":   workload("Deployment", "worker", "4.2.1"),
	}
	for _, other := range []struct{ name, version, more string }{
		{"search", "0.14.0", ""}, {"mail", "3.1.0", ""}, {"docs", "1.0.0", ""}, {"queue", "7.0.2", "  minimumAge: 72h\n"},
	} {
		begin["apps/"+other.name+"/deployment.yaml"] = workload("Deployment", other.name, other.version)
		begin["apps/"+other.name+"/policy.yaml"] = policyOf(other.name, ">=0.0.0", other.more)
	}
	return []change{
		{"chore: describe the shop", begin},
		{"feat: run two replicas of the worker", map[string]string{"README.md": "The shop's manifests.\n"}},
		{"feat: move the worker to 5.0.0", map[string]string{"apps/shop/worker.yaml": workload("Deployment", "worker", "5.0.0")}},
		{"fix: go back to worker 4.2.1, whose queue format the API reads", map[string]string{"apps/shop/worker.yaml": workload("Deployment", "worker", "4.2.1")}},
	}
}

func policyOf(name, versions, more string) string {
	return fmt.Sprintf("apiVersion: towline.dev/v1\nkind: ImagePolicy\nmetadata:\n  name: %s\nspec:\n  image: %s/shop/%s\n  policy:\n    semver:\n      range: %q\n%s",
		name, host, name, versions, more)
}

// workload is a Deployment, or something else, of one container.
func workload(kind, name, version string) string {
	group := map[string]string{"Deployment": "apps/v1", "Job": "batch/v1"}[kind]
	return fmt.Sprintf(`apiVersion: %s
kind: %s
metadata:
  name: %s
  namespace: shop
spec:
  template:
    metadata:
      labels: { app: %s }
    spec:
      containers:
        - name: %s
          image: %s/shop/%s:%s
`, group, kind, name, name, name, host, name, version)
}

// release is what a project tells of one of its versions.
type release struct{ project, tag, title, notes string }

func releases() []release {
	return []release{
		{"frontend", "v2.4.0", "2.4.0", "The basket remembers."},
		{"frontend", "v2.4.1", "2.4.1", "- Vouchers with a `+` in them are read again (#412)\n"},
		{"frontend", "v2.5.0", "2.5.0: search as you type", "## What's new\n\n- Search as you type: answers come while you write (#398, by @ben)\n" +
			"- Images for arm64\n\n## To be done\n\nSet `SEARCH_URL` where the search isn't at `/search`.\n"},
		{"api", "v1.8.2", "1.8.2", "Orders are sorted by day."},
		{"api", "v1.8.3", "1.8.3", "- Fix a leak of connections when a payment times out (#230)\n- Update the base image, which mends CVE-2026-1234\n"},
	}
}
