package main

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"teamspro/internal/sandbox"
	"teamspro/store"
)

// settings are everything that `serve` can be told. Each is a flag and an environment variable TEAMSPRO_…; the table
// in the README is checked against this struct by a test.
type settings struct {
	Listen      string `default:"127.0.0.1:3978" env:"TEAMSPRO_LISTEN" help:"Address to listen on; the bot endpoint is /api/messages."`
	AdminListen string `env:"TEAMSPRO_ADMIN_LISTEN" help:"Address for /healthz, /readyz and /metrics, if not the same as the endpoint's."`
	PublicURL   string `name:"public-url" env:"TEAMSPRO_PUBLIC_URL" help:"The https address at which Teams and people reach the service."`
	Data        string `default:"./data" env:"TEAMSPRO_DATA" help:"Folder of teamspro.db and keys."`

	Contact appSettings `embed:"" prefix:"contact-app-" envprefix:"TEAMSPRO_CONTACT_APP_"`
	Image   appSettings `embed:"" prefix:"image-app-" envprefix:"TEAMSPRO_IMAGE_APP_"`

	TenantID       string   `name:"tenant-id" env:"TEAMSPRO_TENANT_ID" help:"Tenant of the app registration."`
	AllowedTenants []string `env:"TEAMSPRO_ALLOWED_TENANTS" help:"Tenants that may use the service; * admits any. Default: the tenant of the registration."`

	Admins []string `env:"TEAMSPRO_ADMINS" help:"People who decide for the organisation in the settings, by their Entra object ids."`

	Cloud          string   `default:"public" enum:"public,gcc,gcch,dod,china" env:"TEAMSPRO_CLOUD" help:"Microsoft cloud (${enum}); presets the next five."`
	BotMetadataURL string   `name:"bot-metadata-url" env:"TEAMSPRO_BOT_METADATA_URL" help:"Bot Framework OpenID metadata."`
	BotIssuer      string   `env:"TEAMSPRO_BOT_ISSUER" help:"Issuer of Bot Framework tokens."`
	LoginURL       string   `name:"login-url" env:"TEAMSPRO_LOGIN_URL" help:"Base address of Microsoft Entra (https)."`
	GraphURL       string   `name:"graph-url" env:"TEAMSPRO_GRAPH_URL" help:"Base address of Microsoft Graph, with the version."`
	GraphMode      string   `default:"delegated" enum:"none,delegated,sites-selected" env:"TEAMSPRO_GRAPH_MODE" help:"What Image Pro may do through Microsoft Graph (${enum}): nothing with files, all that the person may, or that in the sites that an administrator granted to the app."`
	ServiceHosts   []string `env:"TEAMSPRO_SERVICE_HOSTS" help:"Hosts to which the connector token may go; loopback only when named here, with its port."`
	CAFile         string   `name:"ca-file" env:"TEAMSPRO_CA_FILE" help:"PEM file with one more certificate authority to trust."`

	Token signInSettings `embed:"" prefix:"token-" envprefix:"TEAMSPRO_TOKEN_"`

	Pictures pictureSettings `embed:"" prefix:"picture-" envprefix:"TEAMSPRO_PICTURE_"`

	Grace     string       `default:"30d" env:"TEAMSPRO_GRACE" help:"How long books, libraries and settings of a conversation wait after the app was removed there, in days (30d) or hours (720h); then they are erased for good. 0 erases them at the next run, which is daily."`
	Keep      keepSettings `embed:"" prefix:"keep-" envprefix:"TEAMSPRO_KEEP_"`
	SendRate  int          `default:"30" env:"TEAMSPRO_SEND_RATE" help:"Messages a second that each app sends in one tenant, 1 to 30."`
	Region    string       `env:"TEAMSPRO_REGION" help:"Country (FR, DE, US …) whose phone numbers people write without country code."`
	LogLevel  string       `default:"info" enum:"debug,info,warn,error" env:"TEAMSPRO_LOG_LEVEL" help:"The least that is logged: ${enum}."`
	LogFormat string       `default:"json" enum:"json,text" env:"TEAMSPRO_LOG_FORMAT" help:"How it is written: ${enum}."`

	scope     string
	authority []byte         // of CAFile
	keep      store.Keep     // is Grace and Keep
	clock     *sandbox.Clock // that people can set, of the sandbox; nil is real time
}

// appSettings are one app's: its id, its name, and exactly one way to prove that it is the app.
type appSettings struct {
	ID              string `name:"id" env:"ID" help:"App id (client id) of the registration; empty leaves the app out."`
	Name            string `name:"name" env:"NAME" help:"Name that people see."`
	Secret          string `name:"secret" env:"SECRET" help:"Client secret."`
	Certificate     string `name:"certificate" env:"CERTIFICATE" help:"PEM file with certificate and key, instead of a secret."`
	ManagedIdentity bool   `name:"managed-identity" env:"MANAGED_IDENTITY" help:"Use the machine's user-assigned managed identity instead of a secret."`
	Federated       bool   `name:"federated" env:"FEDERATED" help:"Let the managed identity vouch for the registration (federated credential)."`
}

// preset is what a Microsoft cloud is reached by (reference of the Bot Framework and of Graph for national clouds).
type preset struct {
	metadata, issuer, login, graph, scope string
	hosts                                 []string
}

var presets = map[string]preset{
	"public": {"https://login.botframework.com/v1/.well-known/openidconfiguration", "https://api.botframework.com", "https://login.microsoftonline.com",
		"https://graph.microsoft.com/v1.0", "https://api.botframework.com/.default", []string{"smba.trafficmanager.net", "*.botframework.com", "canary.botapi.skype.com", "*.teams.microsoft.com"}},
	"gcc": {"https://login.botframework.com/v1/.well-known/openidconfiguration", "https://api.botframework.com", "https://login.microsoftonline.com",
		"https://graph.microsoft.com/v1.0", "https://api.botframework.com/.default", []string{"smba.infra.gcc.teams.microsoft.com", "smba.trafficmanager.net"}},
	"gcch": {"https://login.botframework.azure.us/v1/.well-known/openidconfiguration", "https://api.botframework.us", "https://login.microsoftonline.us",
		"https://graph.microsoft.us/v1.0", "https://api.botframework.us/.default", []string{"smba.infra.gov.teams.microsoft.us"}},
	"dod": {"https://login.botframework.azure.us/v1/.well-known/openidconfiguration", "https://api.botframework.us", "https://login.microsoftonline.us",
		"https://dod-graph.microsoft.us/v1.0", "https://api.botframework.us/.default", []string{"smba.infra.dod.teams.microsoft.us"}},
	"china": {"https://login.botframework.azure.cn/v1/.well-known/openidconfiguration", "https://api.botframework.azure.cn", "https://login.partner.microsoftonline.cn",
		"https://microsoftgraph.chinacloudapi.cn/v1.0", "https://api.botframework.azure.cn/.default", []string{"*.botframework.azure.cn"}},
}

// complete fills in the presets of the cloud and reads the files that settings name. Every problem names its setting.
func (s *settings) complete() error {
	p := presets[s.Cloud]
	s.BotMetadataURL = cmp.Or(s.BotMetadataURL, p.metadata)
	s.BotIssuer = cmp.Or(s.BotIssuer, p.issuer)
	s.LoginURL = strings.TrimRight(cmp.Or(s.LoginURL, p.login), "/")
	s.GraphURL = strings.TrimRight(cmp.Or(s.GraphURL, p.graph), "/")
	s.PublicURL = strings.TrimRight(s.PublicURL, "/")
	s.scope = p.scope
	if len(s.ServiceHosts) == 0 {
		s.ServiceHosts = p.hosts
	}
	if len(s.AllowedTenants) == 0 && s.TenantID != "" && !strings.Contains(s.TenantID, ".") {
		s.AllowedTenants = []string{s.TenantID}
	}
	s.Contact.Name = cmp.Or(s.Contact.Name, "Contact Pro")
	s.Image.Name = cmp.Or(s.Image.Name, "Image Pro")
	return errors.Join(s.check(), s.readRoots())
}

var (
	guid   = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	tenant = regexp.MustCompile(`^[0-9a-zA-Z][0-9a-zA-Z.-]{0,62}$`)
	region = regexp.MustCompile(`^[A-Z]{2}$`)
	host   = regexp.MustCompile(`^(\*\.)?[0-9a-zA-Z.-]+(:[0-9]{1,5})?$|^\[[0-9a-fA-F:]+\](:[0-9]{1,5})?$`)
)

func (s *settings) check() error {
	var problems []error
	bad := func(setting, sentence string) { problems = append(problems, fmt.Errorf("%s %s", setting, sentence)) }
	if s.Contact.ID == "" && s.Image.ID == "" {
		bad("TEAMSPRO_CONTACT_APP_ID", "or TEAMSPRO_IMAGE_APP_ID is missing: the service needs at least one app")
	}
	problems = append(problems, s.Contact.check("TEAMSPRO_CONTACT_APP_"), s.Image.check("TEAMSPRO_IMAGE_APP_"))
	if s.TenantID == "" {
		bad("TEAMSPRO_TENANT_ID", "is missing: the tenant of the app registration")
	} else if !tenant.MatchString(s.TenantID) {
		bad("TEAMSPRO_TENANT_ID", "is not a tenant id or domain")
	}
	if len(s.AllowedTenants) == 0 && strings.Contains(s.TenantID, ".") {
		bad("TEAMSPRO_ALLOWED_TENANTS", "is missing: TEAMSPRO_TENANT_ID is a domain, and what Teams sends names a tenant by its id")
	}
	for _, t := range s.AllowedTenants {
		if t != "*" && !tenant.MatchString(t) {
			bad("TEAMSPRO_ALLOWED_TENANTS", "has an entry that is not a tenant id or *")
		}
	}
	for _, a := range s.Admins {
		if !guid.MatchString(a) {
			bad("TEAMSPRO_ADMINS", "has an entry that is not an object id (a GUID)")
		}
	}
	for _, h := range s.ServiceHosts {
		if !isHost(h) {
			bad("TEAMSPRO_SERVICE_HOSTS", "has an entry that is not a host, a host with port, or *.suffix")
		}
	}
	if s.Region != "" && !region.MatchString(s.Region) {
		bad("TEAMSPRO_REGION", "is not a country of two capital letters, such as FR")
	}
	if s.SendRate < 1 || s.SendRate > 30 {
		bad("TEAMSPRO_SEND_RATE", "is not a number from 1 to 30")
	}
	problems = append(problems, s.checkAddresses(), s.Token.check(), s.Pictures.check(), s.readKeep())
	return errors.Join(problems...)
}

// isHost tells whether an entry is a host, a host with port, or *.suffix.
func isHost(entry string) bool {
	if _, port, err := net.SplitHostPort(entry); err == nil {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return false
		}
	}
	return host.MatchString(entry)
}

func (s *settings) checkAddresses() error {
	var problems []error
	for _, listen := range []struct{ setting, value string }{{"TEAMSPRO_LISTEN", s.Listen}, {"TEAMSPRO_ADMIN_LISTEN", s.AdminListen}} {
		if _, _, err := net.SplitHostPort(listen.value); err != nil && listen.value != "" {
			problems = append(problems, fmt.Errorf("%s is not an address such as 127.0.0.1:3978", listen.setting))
		}
	}
	if s.PublicURL != "" {
		problems = append(problems, checkURL("TEAMSPRO_PUBLIC_URL", s.PublicURL, true))
	}
	return errors.Join(append(problems, checkURL("TEAMSPRO_BOT_METADATA_URL", s.BotMetadataURL, true), checkURL("TEAMSPRO_LOGIN_URL", s.LoginURL, false),
		checkURL("TEAMSPRO_GRAPH_URL", s.GraphURL, true))...)
}

// checkURL wants https; plain http only where it stays on this machine, and only if loopback is said to do.
func checkURL(setting, value string, loopback bool) error {
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("%s is not an address", setting)
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && loopback && isLoopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("%s must begin with https://", setting)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (a appSettings) check(prefix string) error {
	if a.ID == "" {
		return nil
	}
	if !guid.MatchString(a.ID) {
		return fmt.Errorf("%sID is not an app id (a GUID)", prefix)
	}
	ways := 0
	for _, given := range []bool{a.Secret != "", a.Certificate != "", a.ManagedIdentity, a.Federated} {
		if given {
			ways++
		}
	}
	switch {
	case ways == 0:
		return fmt.Errorf("%sSECRET is missing (or %[1]sCERTIFICATE, %[1]sMANAGED_IDENTITY, %[1]sFEDERATED)", prefix)
	case ways > 1:
		return fmt.Errorf("%sSECRET, %[1]sCERTIFICATE, %[1]sMANAGED_IDENTITY and %[1]sFEDERATED exclude each other", prefix)
	}
	return nil
}

// readRoots reads the certificate authority that the settings name.
func (s *settings) readRoots() error {
	if s.CAFile == "" {
		return nil
	}
	pem, err := os.ReadFile(s.CAFile)
	if err != nil {
		return fmt.Errorf("TEAMSPRO_CA_FILE cannot be read: %w", err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(pem) {
		return errors.New("TEAMSPRO_CA_FILE holds no certificate in PEM form")
	}
	s.authority = pem
	return nil
}

// roots are the authorities to trust: the system's, which take some time to read, and the one of the settings.
func (s *settings) roots() *x509.CertPool {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	pool.AppendCertsFromPEM(s.authority)
	return pool
}

type configCmd struct {
	settings `embed:""`
}

// Run prints the settings in force as environment lines. Of a secret only that it is set is said. The problems that
// would end a start are told after them.
func (c *configCmd) Run(out output) error {
	problem := c.complete()
	for _, line := range lines(reflect.ValueOf(c.settings), "") {
		fmt.Fprintln(out, line)
	}
	return problem
}

// lines writes the settings of a struct as NAME=value, in the order of their declaration.
func lines(v reflect.Value, prefix string) []string {
	var all []string
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if !field.IsExported() {
			continue
		}
		if nested := field.Tag.Get("envprefix"); nested != "" {
			all = append(all, lines(v.Field(i), nested)...)
			continue
		}
		all = append(all, prefix+field.Tag.Get("env")+"="+shown(field.Name, v.Field(i)))
	}
	return all
}

func shown(name string, v reflect.Value) string {
	if (name == "Secret" || name == "Key") && v.String() != "" {
		return "(set)"
	}
	if list, is := v.Interface().([]string); is {
		return strings.Join(list, ",")
	}
	return fmt.Sprint(v.Interface())
}

// outbound are the addresses on this machine that the service may call, beside public ones: exactly those that the
// settings name.
func (s *settings) outbound() []string {
	allowed := append([]string{}, s.ServiceHosts...)
	for _, address := range []string{s.BotMetadataURL, s.LoginURL, s.GraphURL} {
		if u, err := url.Parse(address); err == nil {
			allowed = append(allowed, u.Host)
		}
	}
	return allowed
}

// settingsFrom parses settings given as flags, as the command line would, and completes them.
func settingsFrom(flags map[string]string) (*settings, error) {
	var s settings
	parser, err := kong.New(&s, kong.Resolvers(kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if value := flags[flag.Name]; value != "" {
			return value, nil
		}
		return nil, nil
	})))
	if err != nil {
		return nil, err
	}
	for _, flag := range parser.Model.Flags { // the environment of whoever starts this is not meant
		flag.Envs, flag.Tag.Envs = nil, nil
	}
	if _, err := parser.Parse(nil); err != nil {
		return nil, err
	}
	return &s, s.complete()
}
