# SPDX-License-Identifier: MIT
"""Forms of everyday sentences, and what fills them."""
LISTS = {
    "who": (
        "I|you|we|they|my brother|her mother|the teacher|our neighbor|the doctor|everyone|nobody|"
        "the children|my friend Sarah|Mr. Johnson|Mrs. Baker|the manager|your sister|the old man|"
        "a young woman|the driver|Peter|Michael|Emma|Olivia|Daniel|the police|somebody|the whole team|"
        "his boss|the captain|the engineer|Alice|George|the students|a stranger|my grandfather|"
        "the customer|the nurse|Jessica|Robert"),
    "past": (
        "went to|came back from|forgot about|talked about|walked through|drove past|looked at|"
        "was waiting near|stayed at|never liked|finally reached|left|moved to|worked at|heard about|"
        "wrote about|found|painted|visited|cleaned|sold|bought|remembered|dreamed of|was standing behind|"
        "ran toward|arrived at|laughed about|worried about|thought about|paid for|knew about|asked about"),
    "place": (
        "the station|the market|the beach|a small village|the library|the hospital|the kitchen|"
        "the mountains|the airport|the old church|a quiet street|the office|the park|the river|the museum|"
        "a restaurant downtown|the school|the theater|the castle|the harbor|the bridge|the factory|"
        "the forest|the university|the supermarket|a hotel in Paris|New York|London|the garden|the bus stop|"
        "the corner shop|California|the swimming pool|their new house|the parking lot|the bakery|the farm"),
    "when": (
        "yesterday|last night|this morning|last week|two days ago|on Monday|on Friday evening|"
        "in the afternoon|before breakfast|after dinner|at midnight|in the summer|last winter|around noon|"
        "a long time ago|every weekend|at the end of the month|during the storm|just now|a few minutes ago|"
        "in April|the day before yesterday|when it was dark|after the meeting|early in the morning"),
    "why": (
        "because it was raining|because the car would not start|although nobody had asked|so we had to wait|"
        "but it was already too late|and everyone was happy|even though it was cold|"
        "because there was nothing left to eat|but I did not believe it|and then the phone rang|"
        "while the others were sleeping|since there was plenty of time|but the door was locked|"
        "and it took almost an hour|because I wanted to see it myself|which surprised everybody|"
        "just as the sun was going down|without saying a word"),
    "thing": (
        "book|letter|window|bicycle|camera|umbrella|ticket|sandwich|blanket|newspaper|computer|guitar|"
        "piano|jacket|suitcase|hammer|candle|mirror|bottle|picture|chair|basket|knife|clock|radio|map|"
        "key|phone|wallet|pencil|cup of coffee|glass of water|bag of apples|loaf of bread|bowl of soup|"
        "piece of paper|pair of shoes|box of chocolates|bunch of flowers|slice of cake"),
    "adj": (
        "old|new|beautiful|broken|expensive|heavy|tiny|strange|wooden|yellow|dark|famous|empty|quiet|"
        "dangerous|friendly|huge|narrow|dirty|wonderful|simple|sharp|warm|frozen|golden|ordinary|"
        "comfortable|terrible|useful|lonely|gentle|bright|silver|modern|ancient|delicious|curious|green|"
        "purple|plain"),
    "verb": (
        "open|close|find|bring me|take|clean|check|fix|buy|sell|show me|give me|hide|carry|look for|"
        "throw away|borrow|pick up|forget|keep|wash|send me|choose|paint|hold|draw|repair|lift|"
        "measure|describe"),
    "wish": (
        "go home|have another cup of tea|learn to swim|stay a little longer|see you again|"
        "hear the whole story|talk to the manager|take the early train|buy a new car|read it once more|"
        "play chess|ask you a question|try something different|make a reservation for two|"
        "cancel my appointment|know what happened|change the subject|get some fresh air|watch a movie tonight|"
        "help you with that|sit by the window|leave before it gets dark|order a pizza|pay by credit card|"
        "visit my parents|write a book about it|finish this by tomorrow|get some sleep|travel around the world|"
        "listen to some music"),
    "ask": (
        "Where did you put|Have you seen|How much is|Who left|What happened to|Do you remember|"
        "Could you please bring me|When will we get|Why do you need|Is this|Are you sure that this is|"
        "Can I borrow|Did anybody find|Would you like|Which of you wants"),
    "say": (
        "I think|I hope|I am sure|They say|She told me|He believes|We all know|It seems|I was told|"
        "I'm afraid|You know|I guess|Of course|Maybe|As far as I know,"),
    "fact": (
        "the weather will be better tomorrow|the train is late again|the shop closes at six|"
        "there is a problem with the engine|we should leave now|nobody lives there anymore|the answer is wrong|"
        "it was a mistake|the road is closed|everything will be fine|the water is too cold|"
        "that is not what he meant|the meeting has been moved to Thursday|they are getting married in June|"
        "the price went up again|you are absolutely right|this is the best soup in town|the dog ate my homework|"
        "the new teacher is very kind|dinner is almost ready|the bank is on the other side of the street|"
        "we have met before|the movie starts in ten minutes|the garden looks beautiful in spring|"
        "her plane lands at nine|it's going to snow|the battery is almost empty|the music is too loud|"
        "there's somebody at the door|she speaks four languages"),
    "hello": (
        "Hello|Hi there|Good morning|Good evening|Excuse me|Thank you|Thanks|Sorry|Welcome|Well|Oh|Yes|"
        "No|Okay|Please|Look|Listen|Wait|Sure|Great"),
    "name": (
        "Anna|Peter|John|Mary|Tom|Lucy|David|Laura|Kevin|Sophie|James|Linda|Henry|Julia|Frank|Grace|"
        "Oliver|Hannah|Jack|Rachel|Charles|Victoria|Samuel|Diana|Andrew|Nancy|Patrick|Susan|William|"
        "Elizabeth"),
    "short": (
        "How are you|What time is it|I don't know|Never mind|That's great|See you later|Of course not|"
        "Let me think|It doesn't matter|I'm so sorry|What do you mean|You're welcome|Nice to meet you|"
        "Good luck|Take care|No problem|Are you ready|Come in|Sit down|Be careful|Hurry up|That's all|"
        "I agree|What's wrong|Don't worry|Who is it|Not yet|I'm fine|Let's go|Happy birthday|"
        "Have a nice day|Sounds good|I see|Stop it|Help me|Why not|What a surprise|Are you kidding|"
        "I promise|It's your turn|Where are we|Nobody knows|Once again|My pleasure|After you|Keep going|"
        "I can't hear you|Say it again|How do you do|You look tired"),
    "month": (
        "January|February|March|April|May|June|July|August|September|October|November|December"),
    "day": (
        "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"),
    "city": (
        "London|Paris|Berlin|Rome|Tokyo|Madrid|Vienna|Boston|Chicago|Dublin|Moscow|Seattle|Denver|"
        "Sydney|Toronto|Munich|Amsterdam|Athens|Cairo|Mumbai|Beijing|Dallas|Atlanta|Miami|Oslo|"
        "Stockholm|Lisbon|Brussels|Geneva|Prague"),
    "unit": (
        "dollars|miles|minutes|hours|people|pages|degrees|years|kilometers|pounds|euros|percent|steps|"
        "meters|seconds|days|cents|gallons|words|students"),
    "surname": (
        "Smith|Johnson|Williams|Brown|Jones|Miller|Davis|Wilson|Anderson|Taylor|Thomas|Moore|Martin|Lee|"
        "Thompson|White|Harris|Clark|Lewis|Robinson|Walker|Young|Allen|King|Wright|Scott|Green|Baker|"
        "Adams|Nelson|Hill|Campbell|Mitchell|Roberts|Carter|Phillips|Evans|Turner|Parker|Collins|Edwards|"
        "Stewart|Morris|Murphy|Cook|Rogers|Morgan|Cooper|Peterson|Reed|Bailey|Bell|Kelly|Howard|Ward|Cox|"
        "Richardson|Wood|Watson|Brooks|Bennett|Gray|Hughes|Price|Sanders|Myers|Long|Ross|Foster|O'Brien|"
        "MacDonald|Fitzgerald|Schmidt|Garcia|Martinez|Rossi|Nakamura|Kowalski|Andersen|Petrov|Singh|Khan"),
    "title": "Dr.|Mr.|Mrs.|Ms.|Prof.|Mr.|Mrs.|Dr.|Capt.",
    "street": "Baker|Market|Church|Park|High|Bridge|Oak|Main|Mill|King's|Station|River|Elm|Maple|Second|Fifth",
    "way": "St.|Ave.|Road|Lane|St.|Rd.",
    "short_form": "TV|PC|USB|GPS|DVD|FBI|BBC|CEO|UK|USA|EU|UN|NASA|DNA|PDF|ATM|VIP|CD|ID|HR|AI",
    "lot": "almost|about|more than|less than|exactly|nearly|over|at least|only",
}

FORMS = (        # a form, and how often it is drawn
    ("{who} {past} {place} {when}.", 3),
    ("{who} {past} the {adj} {thing} {why}.", 3),
    ("{who} {past} {place} {when}, {why}.", 3),
    ("{When}, {who} {past} {place}.", 2),
    ("Please {verb} the {adj} {thing}.", 2),
    ("{verb} the {thing} before you {wish}.", 2),
    ("I would like to {wish}.", 2),
    ("Do you want to {wish}?", 2),
    ("{ask} the {adj} {thing}?", 3),
    ("{ask} the {thing} from {place}?", 1),
    ("{say} {fact}.", 3),
    ("{fact}, {why}.", 2),
    ("{fact}.", 2),
    ("{hello}, {fact}.", 2),
    ("{hello}, {name}! {short}?", 2),
    ("{short}.", 2),
    ("{short}!", 1),
    ("{hello}.", 1),
    ("{short}, {name}.", 2),
    ("{name}, please {verb} the {thing} and {verb} the {adj} {thing}.", 1),
    ('"{fact}," said {name}.', 1),
    ('"{short}," {who} said, "{fact}."', 1),
    ("If you {wish}, {fact}.", 1),
    ("There is a {adj} {thing} in {place}.", 2),
    ("The {thing} is {adj}, but the {thing2} is {adj2}.", 2),
    ("{who} {past} {place} and {past2} the {adj} {thing} {when}.", 1),
    ("{name} and {name2} {past} {place} together.", 1),
    ("It costs {n} dollars.", 1),
    ("We walked {n} {unit}.", 1),
    ("There are {n} {unit} left.", 2),
    ("It is {n} {unit}.", 1),
    ("The meeting is on {day}, {month} {d}.", 2),
    ("My birthday is on {month} {d}.", 1),
    ("In {y}, {who} {past} {place}.", 2),
    ("She was born in {y}.", 1),
    ("The train to {city} leaves at {h}:{m}.", 2),
    ("Wake me up at {h}:{m}.", 1),
    ("It is {h} o'clock in {city}.", 1),
    ("Call me at {h} on {day}.", 1),
    ("The number is {n}.", 1),
    ("Chapter {n}.", 1),
    ("Take exit {n} and turn left after {n2} {unit}.", 1),
    ("It was {n} degrees in {city} {when}.", 1),
    ("My flight from {city} to {city2} was {n} minutes late.", 1),
    ("{n} plus {n2} is {n3}.", 1),
    ("Room {n}, please.", 1),
    ("He paid ${n} for the {thing}.", 1),
    ("The {adj} {thing}, the {adj2} {thing2} and the {thing3}.", 1),
    ("What do you think of the {adj} {thing}?", 1),
    ("Why did {who} {wish}?", 1),
    ("I don't want to {wish}, {why}.", 1),
    ("{short}? {fact}.", 1),
    ("{fact}. {short}!", 1),
    ("Let's {wish} and {wish2}.", 1),
    ("Nobody {past} {place}.", 1),
    ("{title} {surname} {past} {place} {when}.", 4),
    ("{name} {surname} {past} {place}, {why}.", 3),
    ("{title} {surname} and {title2} {surname2} {past} {place}.", 2),
    ("{hello}, {title} {surname}. {short}?", 2),
    ("My name is {name} {surname}, and I am from {city}.", 2),
    ("{name} {surname} was born in {city} on {month} {th}, {y}.", 2),
    ("It costs {money}, and the {thing} is {money2}.", 2),
    ("{who} paid {money} for the {adj} {thing}.", 2),
    ("{lot} {percent}% of the {unit} were {adj}.", 2),
    ("The price rose from {money} to {money2} in {y}.", 1),
    ("{lot} {large} people live in {city}.", 2),
    ("The {thing} weighs {decimal} pounds.", 1),
    ("It is {decimal} miles from {place} to {place2}.", 2),
    ("Call me at {phone} after {clock}.", 2),
    ("The train from {city} arrives at {clock}, not at {clock2}.", 2),
    ("We live at {n} {street} {way}, near {place}.", 2),
    ("The {th} of {month} is a {day}.", 2),
    ("Between {y} and {y2}, {who} {past} {place}.", 2),
    ("The {short_form} and the {short_form2} {past} {place}.", 2),
    ("I saw it on {short_form} in the U.S., e.g. in {city}.", 1),
    ("There are {n} {unit}, {n2} {unit2}, etc. in the {adj} {thing3}.", 1),
    ("It was {large} years ago, {when}, {fact}.", 1),
    ("See chapter {n}, page {n2}, no. {n3}.", 1),
    ("{city} vs. {city2} ended {h} to {h2}.", 1),
)
