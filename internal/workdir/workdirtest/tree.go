// Package workdirtest makes trees of manifests like those that GitOps repositories
// hold, for measuring what reads and edits them. The same count gives the same bytes
// every time.
package workdirtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Images is how many images the files of a tree name.
const Images = 100

// perFolder is how many files one folder holds.
const perFolder = 10

// Image is the name of one of the images, 0 ≤ i < Images.
func Image(i int) string {
	return fmt.Sprintf("registry.example.com/team-%d/service-%d", i%7, i)
}

// Single is the name of an image that one file names, 0 ≤ i < 20. It needs a tree of at
// least (i+1)·400 files.
func Single(i int) string { return fmt.Sprintf("registry.example.com/tools/sidecar-%d", i) }

// Tag is the one that every reference of the tree has.
const Tag = "1.4.2"

// Tree writes a tree of so many files below dir, in folders of ten. Every other file
// names one of the images, all of them as often as each other: in Deployments, one in
// four with its Service, and in the values of HelmReleases. The others are Services,
// ConfigMaps, HelmReleases and roles.
func Tree(dir string, files int) error {
	for i := range files {
		name := filepath.Join(dir, filepath.FromSlash(Name(i)))
		if i%perFolder == 0 {
			if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
				return err
			}
		}
		if err := os.WriteFile(name, []byte(content(i)), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// Name is the path of the tree's file i, by slashes.
func Name(i int) string {
	folder := i / perFolder
	return fmt.Sprintf("clusters/region-%d/apps-%d/%s", folder%8, folder, fileName(i))
}

func fileName(i int) string {
	if n := i / 2; i%2 == 0 {
		return fmt.Sprintf("%s-%d.yaml", []string{"deployment", "web", "worker", "api", "release"}[n%5], i)
	}
	return fmt.Sprintf("%s-%d.yaml", []string{"service", "config", "release", "role", "settings"}[i/2%5], i)
}

func content(i int) string {
	n := i / 2
	app := fmt.Sprintf("app-%d", i)
	if i%2 == 0 {
		image := Image((n + n/Images) % Images) // so that each stands in all kinds of files
		if i%400 == 0 {
			return deployment(app, image) + "      initContainers:\n      - name: sidecar\n        image: " + Single(i/400) + ":" + Tag + "\n"
		}
		switch n % 5 {
		case 4:
			return helmRelease(app, "    image: "+image+":"+Tag+"\n")
		case 3:
			return deployment(app, image) + "---\n" + service(app)
		}
		return deployment(app, image)
	}
	switch n % 5 {
	case 0:
		return service(app)
	case 2:
		return helmRelease(app, "    logLevel: info\n")
	case 3:
		return role(app)
	}
	return configMap(app, 20+i%30)
}

func deployment(app, image string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# What serves %[1]s. Ask in #%[1]s before you scale it.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: %[1]s
  namespace: shop
  labels:
    app.kubernetes.io/name: %[1]s
    app.kubernetes.io/part-of: shop
spec:
  replicas: 3
  revisionHistoryLimit: 5
  selector:
    matchLabels:
      app.kubernetes.io/name: %[1]s
  template:
    metadata:
      labels:
        app.kubernetes.io/name: %[1]s
      annotations:
        prometheus.io/scrape: "true"
        prometheus.io/port: "9090"
    spec:
      serviceAccountName: %[1]s
      securityContext: {runAsNonRoot: true, runAsUser: 65532}

      containers:
      - name: main
        image: %[2]s:%[3]s
        imagePullPolicy: IfNotPresent
        args: ["--listen=:8080", "--config=/etc/%[1]s/config.yaml"]
        ports:
        - {name: http, containerPort: 8080}
        - {name: metrics, containerPort: 9090}
        env:
`, app, image, Tag)
	for i := range 8 {
		fmt.Fprintf(&b, "        - name: SETTING_%d\n          value: \"%d\"\n", i, i*17)
	}
	fmt.Fprintf(&b, `        - name: PASSWORD
          valueFrom:
            secretKeyRef: {name: %[1]s, key: password}
        readinessProbe:
          httpGet: {path: /ready, port: http}
          periodSeconds: 5
        livenessProbe:
          httpGet: {path: /live, port: http}
          initialDelaySeconds: 20
        resources:
          requests: {cpu: 100m, memory: 128Mi}
          limits: {memory: 512Mi}
        volumeMounts:
        - {name: config, mountPath: /etc/%[1]s, readOnly: true}
      volumes:
      - name: config
        configMap: {name: %[1]s}
      topologySpreadConstraints:
      - maxSkew: 1
        topologyKey: topology.kubernetes.io/zone
        whenUnsatisfiable: ScheduleAnyway
        labelSelector:
          matchLabels:
            app.kubernetes.io/name: %[1]s
`, app)
	return b.String()
}

func service(app string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Service
metadata:
  name: %[1]s
  namespace: shop
  labels:
    app.kubernetes.io/name: %[1]s
spec:
  type: ClusterIP
  selector:
    app.kubernetes.io/name: %[1]s
  ports:
    - name: http
      port: 80
      targetPort: http
    - name: metrics
      port: 9090
      targetPort: metrics
`, app)
}

func configMap(app string, lines int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: %s\n  namespace: shop\ndata:\n  mode: production # of all regions\n", app)
	for i := range lines {
		fmt.Fprintf(&b, "  feature.flag.%d: \"%t\"\n", i, i%3 == 0)
	}
	b.WriteString("  config.yaml: |\n    server:\n      address: :8080\n    upstreams:\n")
	for i := range lines {
		fmt.Fprintf(&b, "    - name: upstream-%d\n      url: http://upstream-%d.shop.svc.cluster.local:8080/\n", i, i)
	}
	return b.String()
}

func helmRelease(app, values string) string {
	return fmt.Sprintf(`apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: %[1]s
  namespace: shop
spec:
  interval: 10m
  chart:
    spec:
      chart: generic
      version: 3.1.x
      sourceRef:
        kind: HelmRepository
        name: platform
  install:
    remediation:
      retries: 3
  upgrade:
    remediation:
      retries: 3
  values:
    replicaCount: 2
%[2]s    service:
      type: ClusterIP
      port: 80
    ingress:
      enabled: true
      hosts:
        - host: %[1]s.example.com
          paths:
            - path: /
              pathType: Prefix
    resources:
      requests:
        cpu: 100m
        memory: 128Mi
`, app, values)
}

func role(app string) string {
	return fmt.Sprintf(`apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: %[1]s
  namespace: shop
rules:
- apiGroups: [""]
  resources: [configmaps, secrets]
  verbs: [get, list, watch]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: %[1]s
  namespace: shop
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: %[1]s
subjects:
- kind: ServiceAccount
  name: %[1]s
`, app)
}
