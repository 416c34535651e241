//! Configurations in the shapes that public projects have, each described in a word, with what becomes of its programs.
//!
//! `@ROOT@` stands for the test's folder, `@A@` and `@B@` for two accounts. Each command has an `id=` among its words, by which its
//! stand-in tells of itself; `exit=N` has it end so the first time, `deaf` lets it live on when it is told to end.

/// What becomes of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// So many processes run, until they are stopped.
    Runs(usize),
    /// It ends, and is started again.
    Again,
    /// It ends, and is left alone.
    Ends,
    /// It is not started.
    Waits,
}

/// A configuration.
pub(super) struct Shape {
    /// The name of its file.
    pub(super) file: &'static str,
    /// What is in it.
    pub(super) text: &'static str,
    /// Its programs, by their `id=`.
    pub(super) fates: &'static [(&'static str, Fate)],
}

/// The three sections that lead a user from sudo to the variables that Supervisor leaves out.
const TORNADO: Shape = Shape {
    file: "tornado.conf",
    text: "\
[program:myprog6001]
command=sudo -u @A@ -i python @ROOT@/app/prog.py --port=6001 id=myprog6001
redirect_stderr=true
stdout_logfile=@ROOT@/log/myprog.log
autostart=true
autorestart=true
numprocs=1

[program:myprog6002]
command=python @ROOT@/app/prog.py --port=6002 id=myprog6002
user=@A@
redirect_stderr=true
stdout_logfile=@ROOT@/log/myprog.log
autostart=true
autorestart=true

[program:myprog6003]
command=python @ROOT@/app/prog.py --port=6003 id=myprog6003
user=@A@
environment=HOME=\"/home/@A@\",USER=\"@A@\"
redirect_stderr=true
stdout_logfile=@ROOT@/log/myprog.log
autostart=true
autorestart=true
",
    fates: &[("myprog6001", Fate::Runs(1)), ("myprog6002", Fate::Runs(1)), ("myprog6003", Fate::Runs(1))],
};

/// All of them.
pub(super) const SHAPES: [Shape; 16] = [
    TORNADO,
    Shape {
        file: "queue-workers-of-a-php-framework.conf",
        text: "\
[program:queue-worker]
process_name=%(program_name)s_%(process_num)02d
command=php @ROOT@/app/artisan queue:work redis --sleep=3 --tries=3 id=queue-worker
autostart=true
autorestart=true
stopasgroup=true
killasgroup=true
user=@A@
; as many as there are cores
numprocs=3
redirect_stderr=true
stdout_logfile=@ROOT@/log/worker.log
stopwaitsecs=3600
",
        fates: &[("queue-worker", Fate::Runs(3))],
    },
    Shape {
        file: "a-web-server-for-each-port.conf",
        text: "\
[program:front]
numprocs = 2
numprocs_start = 1
process_name = front-80%(process_num)02d
command = python @ROOT@/app/main.py --port=80%(process_num)02d --log_file_prefix=@ROOT@/log/%(program_name)s-80%(process_num)02d.log id=front
directory = @ROOT@/app
environment = SITE=\"s%(process_num)d\",ROLE=front
user = @B@
stdout_logfile = @ROOT@/log/front-%(process_num)d.log
stdout_logfile_maxbytes = 10MB
stdout_logfile_backups = 3
",
        fates: &[("front", Fate::Runs(2))],
    },
    Shape {
        file: "workers-of-a-task-queue.conf",
        text: "\
[program:tasks]
; Full path, because of the virtual environment
command=@ROOT@/venv/bin/celery --app=site.tasks:app worker
    --loglevel=INFO -n worker@%%h
    --queues=\"default,mail\" id=tasks
directory=@ROOT@/app
user=@A@
numprocs=1
stdout_logfile=@ROOT@/log/tasks.log
stderr_logfile=@ROOT@/log/tasks.err
startsecs=10
stopwaitsecs = 600
killasgroup=true
priority=998

[program:beat]
command=celery beat --schedule @ROOT@/app/beat.db id=beat
directory=@ROOT@/app
user=@A@
priority=999
stopsignal=INT

[group:queue]
programs=tasks,beat
priority=999
",
        fates: &[("tasks", Fate::Runs(1)), ("beat", Fate::Runs(1))],
    },
    Shape {
        file: "a-wsgi-server.conf",
        text: "\
[program:wsgi]
command=gunicorn site.wsgi:application -c \"@ROOT@/app/wsgi conf.py\" --bind='unix:@ROOT@/app/x.sock' id=wsgi
directory=%(here)s/../../app
user=@A@
umask=007
stopsignal=QUIT
environment=PATH=\"@ROOT@/bin:%(ENV_PATH)s\",SETTINGS='site.settings',
    SECRET_KEY=\"a,b = c and 100%%\",LANG=en_US.UTF-8,LIMITS=(1:2)
redirect_stderr=True
",
        fates: &[("wsgi", Fate::Runs(1))],
    },
    Shape {
        file: "an-image-with-a-web-server-and-its-programs.conf",
        text: "\
[program:nginx]
command=nginx -g 'daemon off;' id=nginx
stdout_logfile=/dev/stdout
stdout_logfile_maxbytes=0
stderr_logfile=/dev/stderr
stderr_logfile_maxbytes=0
autorestart=false
startretries=0

[program:fpm]
command = php-fpm --nodaemonize --fpm-config @ROOT@/app/fpm.conf id=fpm
stdout_logfile=/dev/fd/1
stdout_logfile_maxbytes=0
redirect_stderr=true
user=root
",
        fates: &[("nginx", Fate::Runs(1)), ("fpm", Fate::Runs(1))],
    },
    Shape {
        file: "a-node-server.conf",
        text: "\
[program:node-app]
command=node --max-old-space-size=512 server.js id=node-app
directory=@ROOT@/app
autorestart=true
stopsignal=INT
user=@B@
environment=NODE_ENV=production,PORT=3000,URL=\"http://127.0.0.1:3000/?a=b\"
stderr_logfile=@ROOT@/log/node.err
stdout_logfile=@ROOT@/log/node.out
stdout_logfile_maxbytes=1MB
",
        fates: &[("node-app", Fate::Runs(1))],
    },
    Shape {
        file: "workers-in-ruby.conf",
        text: "\
[program:sidekiq]
command=bundle exec sidekiq -e production -C config/sidekiq.yml id=sidekiq
directory=@ROOT@/app
user=@A@
environment=HOME=\"/home/@A@\",USER=\"@A@\",RAILS_ENV=production
stopsignal=USR1
stopwaitsecs=30
",
        fates: &[("sidekiq", Fate::Runs(1))],
    },
    Shape {
        file: "an-application-server.conf",
        text: "\
[program:odoo]
command = @ROOT@/venv/bin/python @ROOT@/app/odoo-bin --config=@ROOT@/app/odoo.conf --db-filter=^%%d$ id=odoo
user = @A@
autorestart = true
startsecs = 10
stopsignal = INT
stopasgroup = true
killasgroup = true
stdout_logfile = NONE
stderr_logfile = @ROOT@/log/odoo.err
",
        fates: &[("odoo", Fate::Runs(1))],
    },
    Shape {
        file: "a-scheduler-and-its-page.conf",
        text: "\
[program:airflow_webserver]
environment =
    AIRFLOW_HOME=@ROOT@/app/airflow,
    PYTHONPATH=@ROOT@/app/
user = @A@
command = airflow webserver -p 8080 id=airflow_webserver

[program:airflow_scheduler]
user = @A@
environment =
    AIRFLOW_HOME=@ROOT@/app/airflow,
    PYTHONPATH=@ROOT@/app/
command = airflow scheduler id=airflow_scheduler
stdout_syslog = false
",
        fates: &[("airflow_webserver", Fate::Runs(1)), ("airflow_scheduler", Fate::Runs(1))],
    },
    Shape {
        file: "notebooks.conf",
        text: "\
[program:jupyter]
command=jupyter-lab --ip=0.0.0.0
    --port=%(ENV_NOTEBOOK_PORT)s
    --no-browser
    --ServerApp.root_dir=\"@ROOT@/app/my notes\"
    --LabApp.token=''
    id=jupyter
user=@B@
autorestart=true
stdout_logfile=@ROOT@/log/%(program_name)s.stdout.log
stderr_logfile=@ROOT@/log/%(program_name)s.stderr.log
inherit=defaults
",
        fates: &[("jupyter", Fate::Runs(1))],
    },
    Shape {
        file: "shells-in-between.conf",
        text: "\
[program:by-bash]
command=/bin/bash -c \"cd @ROOT@/app && exec python @ROOT@/app/worker.py --name=\\\"%(program_name)s\\\" --cost='$5' id=by-bash\"
user=@A@

[program:by-env]
command=/usr/bin/env DEBUG=1 python worker.py --glob=*.py id=by-env
directory=@ROOT@/app
user=@A@
",
        fates: &[("by-bash", Fate::Runs(1)), ("by-env", Fate::Runs(1))],
    },
    Shape {
        file: "tasks-that-end.conf",
        text: "\
[program:migrate]
command=python manage.py migrate id=migrate exit=0
directory=@ROOT@/app
autorestart=false
startsecs=0

[program:seed]
command=python manage.py seed id=seed exit=1
directory=@ROOT@/app
autorestart=false
startsecs=0

[program:report]
command=python report.py id=report exit=0
directory=@ROOT@/app
startsecs=0

[program:import]
command=python import.py id=import exit=2
directory=@ROOT@/app
autorestart=unexpected
exitcodes=0,2
startsecs=0
startretries=3
",
        fates: &[("migrate", Fate::Ends), ("seed", Fate::Ends), ("report", Fate::Ends), ("import", Fate::Ends)],
    },
    Shape {
        file: "loops.conf",
        text: "\
[program:poller]
command=python poll.py id=poller exit=0
directory=@ROOT@/app
autorestart=true
startsecs=0

[program:crasher]
command=python crash.py id=crasher exit=3
directory=@ROOT@/app
startsecs=0

[program:bot]
command=python bot.py id=bot exit=1
directory=@ROOT@/app
autorestart=unexpected
exitcodes=0,2
startsecs=0
",
        fates: &[("poller", Fate::Again), ("crasher", Fate::Again), ("bot", Fate::Again)],
    },
    Shape {
        file: "by-hand-and-hard-to-stop.conf",
        text: "\
[program:console]
command=python console.py id=console
directory=@ROOT@/app
autostart=false

[program:stubborn]
command=java -jar app.jar id=stubborn deaf
directory=@ROOT@/app
stopwaitsecs=1
stopasgroup=true
killasgroup=true
",
        fates: &[("console", Fate::Waits), ("stubborn", Fate::Runs(1))],
    },
    Shape {
        file: "a-fastcgi-server.conf",
        text: "\
[fcgi-program:fcgi]
socket=unix://@ROOT@/run/%(program_name)s.sock
socket_owner=@A@
socket_mode=0660
command=php-cgi id=fcgi
user=@A@
directory=@ROOT@/app
",
        fates: &[("fcgi", Fate::Runs(1))],
    },
];

/// The file that includes them.
pub(super) const MAIN: &str = "\
[unix_http_server]
file=@ROOT@/run/supervisor.sock
chmod=0700

[supervisord]
logfile=@ROOT@/log/supervisord.log ; the main one
pidfile=@ROOT@/run/supervisord.pid
childlogdir=@ROOT@/log
nodaemon=true
environment=TZ=\"UTC\",EVERY=\"one of them\"

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix://@ROOT@/run/supervisor.sock

[include]
files = conf.d/*.conf
";
