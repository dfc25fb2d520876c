package webhook_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"testing"

	"github.com/towline-dev/towline/registry/webhook"
)

func TestGHCR(t *testing.T) {
	event := func(name string) http.Header { return http.Header{"X-Github-Event": {name}} }
	body := func(key, action, kind, address string) string {
		return fmt.Sprintf(`{"action":%q,%q:{"id":10,"name":"web","namespace":"Acme","package_type":%q,"html_url":"https://github.com/orgs/Acme/packages/10","owner":{"login":"Acme","type":"Organization"},
			"package_version":{"id":11,"version":%q,"name":%[4]q,"package_url":%q,"container_metadata":{"labels":{},"manifest":{},"tag":{"name":"1.2.0","digest":%[4]q}}},"registry":{"vendor":"GitHub Inc"}},
			"repository":{"full_name":"Acme/shop"},"sender":{"login":"ci"}}`, action, key, kind, digest, address)
	}
	for _, tt := range []parsing{
		{name: "package", header: event("package"), body: body("package", "published", "CONTAINER", "ghcr.io/acme/web:1.2.0"), want: pushed("ghcr.io/acme/web", "1.2.0")},
		{name: "registry_package", header: event("registry_package"), body: body("registry_package", "published", "CONTAINER", "ghcr.io/acme/web:"), want: pushed("ghcr.io/acme/web", "1.2.0")},
		{name: "updated", header: event("package"), body: body("package", "updated", "container", "ghcr.io/acme/web:1.2.0"), want: pushed("ghcr.io/acme/web", "1.2.0")},
		{name: "below a repository", header: event("package"), body: body("package", "published", "CONTAINER", "ghcr.io/acme/shop/web:1.2.0"), want: pushed("ghcr.io/acme/shop/web", "1.2.0")},
		{name: "no address", header: event("package"), body: body("package", "published", "CONTAINER", ""), want: pushed("ghcr.io/acme/web", "1.2.0")},
		{name: "a server of one's own", registry: "containers.github.example.com", header: event("package"), body: body("package", "published", "CONTAINER", ""), want: pushed("containers.github.example.com/acme/web", "1.2.0")},
		{name: "npm", header: event("package"), body: body("package", "published", "npm", "")},
		{name: "another action", header: event("package"), body: body("package", "deleted", "CONTAINER", "")},
		{name: "ping", header: event("ping"), body: `{"zen":"Keep it logically awesome.","hook_id":1}`},
		{name: "another event", header: event("push"), body: `{"ref":"refs/heads/main"}`},
		{name: "no package", header: event("package"), body: `{"action":"published"}`, wantErr: "isn't the JSON"},
		{name: "nothing of it", header: event("package"), body: `{"action":"published","package":{"package_type":"CONTAINER"}}`, wantErr: "no repository"},
	} {
		tt.run(t, webhook.GHCR)
	}
}

func TestGitea(t *testing.T) {
	event := http.Header{"X-Gitea-Event": {"package"}}
	body := func(action, kind, version string) string {
		return fmt.Sprintf(`{"action":%q,"repository":null,"package":{"id":1,"owner":{"login":"Acme"},"repository":null,"creator":{"login":"ci"},"type":%q,"name":"shop/web",
			"version":%q,"html_url":"https://git.example.com:3000/Acme/-/packages/container/shop%%2Fweb/1.2.0","created_at":"2026-03-09T01:54:34Z"},"sender":{"login":"ci"}}`, action, kind, version)
	}
	for _, tt := range []parsing{
		{name: "push", header: event, body: body("created", "container", "1.2.0"), want: undigested("git.example.com:3000/acme/shop/web", "1.2.0")},
		{name: "no tag", header: event, body: body("created", "container", digest), want: untagged("git.example.com:3000/acme/shop/web")},
		{name: "delete", header: event, body: body("deleted", "container", "1.2.0")},
		{name: "npm", header: event, body: body("created", "npm", "1.2.0")},
		{name: "another event", header: http.Header{"X-Gitea-Event": {"push"}}, body: body("created", "container", "1.2.0")},
		{name: "no name", header: event, body: `{"action":"created","package":{"type":"container"}}`, wantErr: "no repository"},
	} {
		tt.run(t, webhook.Gitea)
	}
}

func harborData(tag string) string {
	return fmt.Sprintf(`{"resources":[{"digest":%q,"tag":%q,"resource_url":"harbor.example.com/shop/web:1.2.0"}],
		"repository":{"date_created":1741535161,"name":"web","namespace":"shop","repo_full_name":"shop/web","repo_type":"private"}}`, digest, tag)
}

func TestHarbor(t *testing.T) {
	body := func(kind, tag string) string {
		return fmt.Sprintf(`{"type":%q,"occur_at":1741535161,"operator":"ci","event_data":%s}`, kind, harborData(tag))
	}
	cloud := http.Header{"Content-Type": {"application/cloudevents+json; charset=utf-8"}}
	event := func(kind string) string {
		return fmt.Sprintf(`{"specversion":"1.0","id":"4b2f89a6","requestid":"2eedfab8","source":"/projects/1/webhook/policies/3","type":%q,
			"datacontenttype":"application/json","time":"2026-03-09T06:08:43Z","operator":"ci","data":%s}`, kind, harborData("1.2.0"))
	}
	for _, tt := range []parsing{
		{name: "push", body: body("PUSH_ARTIFACT", "1.2.0"), want: pushed("harbor.example.com/shop/web", "1.2.0")},
		{name: "no tag", body: body("PUSH_ARTIFACT", digest), want: untagged("harbor.example.com/shop/web")},
		{name: "pull", body: body("PULL_ARTIFACT", "1.2.0")},
		{name: "a test of the endpoint", body: `{"type":"TEST_ENDPOINT"}`},
		{name: "CloudEvents", header: cloud, body: event("harbor.artifact.pushed"), want: pushed("harbor.example.com/shop/web", "1.2.0")},
		{name: "CloudEvents, configured", registry: "images.example.com", header: cloud, body: event("harbor.artifact.pushed"), want: pushed("images.example.com/shop/web", "1.2.0")},
		{name: "CloudEvents, pull", header: cloud, body: event("harbor.artifact.pulled")},
		{name: "CloudEvents of no version", header: cloud, body: `{"type":"harbor.artifact.pushed"}`, wantErr: "isn't the JSON"},
	} {
		tt.run(t, webhook.Harbor)
	}
}

func TestCloudEvents(t *testing.T) {
	const (
		zot     = `{"name":"shop/web","reference":"1.2.0","digest":"` + digest + `","mediaType":"application/vnd.oci.image.manifest.v1+json","manifest":"{}"}`
		generic = `{"registry":"registry.example.com","repository":"shop/web","tag":"1.2.0","digest":"` + digest + `"}`
		named   = `{"repository":"registry.example.com/shop/web","tag":"1.2.0","digest":"` + digest + `"}`
	)
	structured := http.Header{"Content-Type": {"application/cloudevents+json"}}
	event := func(kind, data string) string {
		return fmt.Sprintf(`{"specversion":"1.0","id":"1","source":"https://registry.example.com/","type":%q,"data":%s}`, kind, data)
	}
	binary := func(kind, source string) http.Header {
		return http.Header{"Content-Type": {"application/json"}, "Ce-Specversion": {"1.0"}, "Ce-Id": {"1"}, "Ce-Source": {source}, "Ce-Type": {kind}}
	}
	want := pushed("registry.example.com/shop/web", "1.2.0")
	for _, tt := range []parsing{
		{name: "Zot", registry: "registry.example.com", header: binary("zotregistry.image.updated", "zotregistry.dev"), body: zot, want: want},
		{name: "Zot with a source", header: binary("com.example.image.updated", "https://registry.example.com"), body: zot, want: want},
		{name: "Zot without any host", header: binary("zotregistry.image.updated", "zotregistry.dev"), body: zot, wantErr: "set registry"},
		{name: "Zot's deletion", header: binary("zotregistry.image.deleted", ""), body: zot},
		{name: "generic", header: binary("com.example.image.pushed", "/ci"), body: generic, want: want},
		{name: "the host in the name", header: binary("pushed", "/ci"), body: named, want: want},
		{name: "structured", header: structured, body: event("com.example.image.published", generic), want: want},
		{name: "structured, of the source's registry", header: structured, body: event("zotregistry.image.updated", zot), want: want},
		{name: "structured, base64", header: structured, body: `{"specversion":"1.0","source":"/","type":"x.pushed","data_base64":"` + base64.StdEncoding.EncodeToString([]byte(generic)) + `"}`, want: want},
		{name: "by digest", header: binary("zotregistry.image.updated", "https://registry.example.com"), body: `{"name":"shop/web","reference":"` + digest + `","digest":"` + digest + `"}`, want: untagged("registry.example.com/shop/web")},
		{name: "Harbor", header: structured, body: event("harbor.artifact.pushed", harborData("1.2.0")), want: pushed("harbor.example.com/shop/web", "1.2.0")},
		{name: "another type", header: structured, body: event("com.example.order.placed", `[]`)},
		{name: "another version", header: http.Header{"Content-Type": {"application/json"}, "Ce-Specversion": {"0.3"}, "Ce-Type": {"x.pushed"}}, body: generic, wantErr: "isn't the JSON"},
		{name: "no attributes", header: http.Header{"Content-Type": {"application/json"}}, body: event("x.pushed", generic), wantErr: "isn't the JSON"},
		{name: "no data", header: structured, body: `{"specversion":"1.0","source":"/","type":"x.pushed"}`, wantErr: "isn't the JSON"},
		{name: "data of another shape", header: binary("x.pushed", ""), body: `[1,2]`, wantErr: "isn't the JSON"},
		{name: "a batch", header: http.Header{"Content-Type": {"application/cloudevents-batch+json"}}, body: `[]`, wantErr: "isn't the JSON"},
	} {
		tt.run(t, webhook.CloudEvents)
	}
}
