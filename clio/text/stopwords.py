"""Words that say nothing about a subject, by language, and English words too general to point at anyone."""

# ruff: noqa: SIM905  (lists of words read and diff better as running text)

from __future__ import annotations

ENGLISH = frozenset(
    """
    a about above across actually after again against ago ah all almost along already also although always am among an
    and another any anybody anyone anything anyway are aren't around as ask asked asking asks at away back be became
    because become been before behind being below besides best better between beyond both but by came can can't cannot
    come comes coming could couldn't did didn't do does doesn't doing don't done down during each either else enough
    etc even ever every everybody everyone everything except few find first for from further gave get gets getting
    give given gives giving go goes going gone gonna good got great had hadn't has hasn't have haven't having he hello
    help helped helpful helping helps hence her here here's hers herself hey hi him himself his hm how how's however i
    i'd i'll i'm i've if in indeed inside instead into is isn't it it's its itself just keep kept kind kindly know
    known knows last later least less let let's like likely likes little ll long look looking looks lot lots made
    mainly make makes making many may maybe me mean means might mine more most mostly much must my myself near need
    needed needs neither never next no nobody none nor not nothing now of off often oh ok okay on once one ones only
    onto or other others otherwise ought our ours ourselves out over own per perhaps please possible possibly probably
    put quite rather re really regarding right said same say says see seem seems seen several shall she should
    shouldn't show since so some somebody someone something sometimes somewhat somewhere soon still such sure take
    taken takes taking tell tells than thank thanks that that's the their theirs them themselves then there there's
    these they they'd they'll they're they've thing things think this those though through thus till to today
    together told tomorrow too took toward towards tried tries try trying two under unless until up upon us use used
    user user's users uses using usually ve very via want wanted wants was wasn't way ways we we'd we'll we're we've
    well went were weren't what what's whatever when when's where where's whether which while who who's whoever whole
    whom whose why will wish with within without won't would wouldn't yeah yes yet you you'd you'll you're you've your
    yours yourself assistant request requests requested requesting overall im ive dont cant didnt doesnt isnt whats
    id thats youre gotta wanna got'em lemme pls plz u ur currently able certain different exactly
    recently longer far definitely appear appears allow am pm born earlier actually
    sort sorts
    """.split()
)

SPANISH = frozenset(
    """
    a al algo algún alguna algunas alguno algunos allí ante antes aquí así aunque ayuda ayudar ayúdame bien buenas
    bueno buenos cada casi como cómo con contra cual cuál cuales cuando cuándo cuánto cuánta de del desde después día
    días donde dónde dos durante e el él ella ellas ellos en entonces entre era eran es esa esas ese eso esos esta está
    estaba están estas este esto estos estoy favor forma fue fueron gracias gustaría ha haber había hace hacer hacia
    han hasta hay he hola hoy la las le les lo los más me mejor mi mí mientras mis mucho muchos muy nada ni no nos
    nosotros nuestra nuestro o otra otras otro otros para pero poco podría podrías por porque pues puede pueden puedes
    puedo que qué quería quien quién quiero sabe saber se sea según ser si sí sido sin sobre solo sólo son soy su sus
    también tan tanto te tener tengo tenía ti tiene tienen tienes todo toda todas todos tu tú tus un una unas uno unos
    usted va vamos ver voy y ya yo necesito dime haz algo manera quisiera tal vez
    """.split()
)

FRENCH = frozenset(
    """
    a à afin ai aide aider aidez ainsi alors après as au aucun aussi autre autres aux avant avec avez avoir avons
    beaucoup bien bonjour bonsoir ça car ce ceci cela celle celui ces cet cette ceux chaque chez ci combien comme
    comment contre d'un d'une dans de déjà depuis des donc donne donner dont du elle elles en encore entre es est et
    étaient était êtes être eu eux faire fait faites faut il ils j'ai je jusqu l la là le les leur leurs lui ma mais me
    même mes merci moi moins mon n ne ni non nos notre nous on ont ou où oui par parce pas peu peut peux plaît plus
    plusieurs pour pourquoi pourrais pourriez pouvez puis qu quand que quel quelle quelles quels qui quoi sa sans se
    sera ses s'il si sinon soit son sont sous sur ta te tes toi ton toujours tous tout toute toutes très trop tu un une
    vais vers veux voici voilà vos votre vous voudrais y c'est svp besoin aimerais
    """.split()
)

GERMAN = frozenset(
    """
    aber alle allem allen aller alles als also am an andere anderen auch auf aus bei beim bin bis bist bitte da dabei
    damit danach dann daran darauf das dass davon dazu dein deine dem den denn der des dessen deswegen die dies diese
    diesem diesen dieser dieses dir doch dort du durch ein eine einem einen einer eines einfach er erst es etwa etwas
    euch für gab ganz geben gegen gerade gern gerne gibt gut habe haben hallo hast hat hatte hätte helfen hier hilf
    hilfe ich ihm ihn ihnen ihr ihre ihrem ihren im immer in ins ist ja jede jedem jeden jeder jedes jetzt kann kannst
    kein keine keinen können könnte könnten könntest machen machst mal man mehr mein meine meinem meinen meiner mich
    mir mit möchte möchten muss müssen nach nicht nichts noch nun nur ob oder ohne schon sehr sein seine seinem seinen
    seit sich sie sind so sollte sollen soll sondern über um und uns unser unsere unter viel viele vielen vom von vor
    wann warum was weil welche welcher welches wenn wer werde werden wie wieder will wir wird wirst wo wollen worden
    wurde würde zu zum zur zwischen brauche danke gehen macht
    """.split()
)

PORTUGUESE = frozenset(
    """
    a ao aos aquela aquele aquilo as às até através bem boa bom cada com como da dá das de dela dele depois desde desta
    deste devo dia do dos e é ela elas ele eles em entre era essa esse esta está estão estas este estes estou eu faça
    fazer faz foi foram gostaria há isso isto já lhe mais mas me melhor mesmo meu meus minha minhas muito muitos na nas
    nem no nos nós nossa nosso num numa não o obrigado obrigada olá onde os ou outra outras outro outros para pela
    pelas pelo pelos pode podem poderia posso por porque pra preciso qual quais quando quanto que quê quem quero saber
    se sem ser será seu seus sido sim só sobre sou sua suas são também te tem têm tenho ter todas todo todos tu tudo um
    uma umas uns vai você vocês vou ajuda ajudar ajude me dar diga então ainda fica
    """.split()
)

JAPANESE = frozenset(
    """
    以下 以上 今回 今日 今後 他方 何故 何時 一番 一緒 一度 全部 具体的 内容 可能 場合 大丈夫 失礼 宜 必要 思 手伝 方法
    最近 最初 有難 本当 無理 特 理由 簡単 自分 自身 致 言葉 説明 質問 質問者 貴方 返信 通 部分 非常 頂 願 教 例
    ユーザー アシスタント
    """.split()
)

BY_LANGUAGE: dict[str, frozenset[str]] = {
    "en": ENGLISH,
    "es": SPANISH,
    "fr": FRENCH,
    "de": GERMAN,
    "pt": PORTUGUESE,
    "ja": JAPANESE,
}

STOP_WORDS = frozenset().union(*BY_LANGUAGE.values()) - {"war", "son", "sea"}
"""Never a term of their own. A few foreign function words that are English nouns (war, son, sea) stay countable."""

GENERAL = frozenset(
    """
    new old big small time times day date week month year hour minute today number total amount lot reason
    account action activity addition advice aid analysis answer answering application approach area aspect assistance
    assist background basic basics brief build building case category change changing chat check checking choice
    choose choosing clarification collection common comparing comparison complex concern concept content context
    conversation correct correcting create creating creation creative current daily data decide deciding decision
    define defining definition describe describing description design designing detail develop developing development
    difference difficulty discuss discussing discussion document draft drafting edit editing effect effort enquiry
    error everyday example exercise experience explain explaining explanation explore exploring fact factual feature
    feedback finding fix fixing follow form format general generate generating group guidance guide handle handling
    idea identify improve improvement improving inform information inquire inquiry instruction interest issue item
    knowledge language learn learning level list listing local main manage management managing matter meaning message
    method mixed model name naming note number offer opinion option order organise organising organize organizing
    overview part people person personal phrase piece place plan planning point practical preparation prepare
    preparing present problem process product produce producing professional project prompt propose provide providing
    purpose question quick reading reason recommend recommendation recommending reference related reply report
    research resolve resolving resource response result review reviewing rewrite rewriting role rule sample search
    seek seeking select sentence service set setting share short simple situation solution solve solving source
    specific start statement status step story strategy study style subject suggest suggesting suggestion summarise
    summarize summarizing summary support system task technical technique text tip tool topic train training translate
    translating translation type understand understanding update updating various version view word work working
    write writer writing written
    """.split()
)
"""English words with which any request can be described. They never identify anyone, so the rule against rare words
does not count them; nor do they make a name distinctive."""
